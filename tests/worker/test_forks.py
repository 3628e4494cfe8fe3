"""Handlers that fork: their copies do no work of ours, and keep nothing of ours alive."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jobhive import Jobhive
from jobhive.testing import wait_for_job
from tests.system.worker_program import WorkerProgram
from tests.worker import supervised_jobs
from tests.worker.supervised import DEADLINE

APP = "tests.worker.supervised_jobs:app"
SECONDS = DEADLINE.total_seconds()
EX_SOFTWARE = 70

USE_IN_A_CHILD = """
import os, sys
from jobhive import Jobhive

app = Jobhive(sys.argv[1])

@app.job()
def work(n: int) -> int:
    return n

def enqueue(n: int) -> str:
    return work.enqueue_sync(n=n).id

enqueue(1)
child = os.fork()
enqueue(2)
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.fixture
async def app(app: Jobhive) -> AsyncIterator[Jobhive]:
    app.kinds = supervised_jobs.app.kinds
    async with app.upkeep():
        yield app


@pytest.mark.parametrize("kind", ["fork_and_return", "fork_and_await", "fork_in_thread"])
async def test_a_copy_that_comes_back_from_a_handler_is_ended(app: Jobhive, kind: str) -> None:  # P10
    async with WorkerProgram(app.store.url, APP) as worker:
        forking = await app.enqueue(kind, {})
        assert await forking.result(SECONDS) == EX_SOFTWARE
        assert await (await app.enqueue("healthy", {"n": 7})).result(SECONDS) == 7
        worker.send(signal.SIGTERM)
        assert await worker.end() == 0, worker.log
    assert (await forking.job()).attempt == 1
    assert worker.log.count("a forked copy of it came back") == 1


async def test_a_child_that_outlives_its_worker_does_not_keep_its_sign_of_life(app: Jobhive) -> None:  # P10, P5
    async with WorkerProgram(app.store.url, APP) as worker:
        forking = await app.enqueue("leave_a_child", {})
        running = await wait_for_job(app.store, forking.id, lambda job: job.last_seq > 1, "it told nothing")
        worker.send(signal.SIGKILL)
        await worker.process.wait()
    async with WorkerProgram(app.store.url, APP):
        assert await forking.result(SECONDS) == 2
    assert app.store.clock.now_ms() < (running.lease_until_ms or 0)


async def test_a_child_may_use_the_application_of_its_parent(store_url: str, tmp_path: Path) -> None:
    pipe, data = asyncio.subprocess.PIPE, {"JOBHIVE_DATA": str(tmp_path)}
    command = (sys.executable, "-c", USE_IN_A_CHILD, store_url)
    using = await asyncio.create_subprocess_exec(*command, env=os.environ | data, stderr=pipe)
    async with asyncio.timeout(SECONDS):
        _, told = await using.communicate()
    assert (using.returncode, told) == (0, b"")
    async with Jobhive(store_url, data=tmp_path) as app:
        assert (await app.store.jobs.counts())["pending"] == 3
