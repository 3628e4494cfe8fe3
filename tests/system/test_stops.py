"""Workers told to stop while they are busy: every job is done or given back, and no attempt is spent."""

import random
import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest

from jobhive import JobHandle, Jobhive, PendingJob
from jobhive.core.states import State
from jobhive.testing import wait_for_job
from tests.system import busy_jobs
from tests.system.worker_program import WorkerProgram

_SLOTS = 10
_GRACE_SECONDS = 0.5
_SECONDS_BEYOND_GRACE = 2.0
_DEADLINE = timedelta(seconds=60)

Handles = list[JobHandle[object]]


async def test_a_stop_under_load_spends_no_attempt(tmp_path: Path) -> None:  # S2, P16
    await _stop_again_and_again(tmp_path, random.Random(1), stops=3)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [2])
async def test_a_hundred_stops_spend_none_and_end_in_time(tmp_path: Path, seed: int) -> None:  # S2, P16
    slowest = await _stop_again_and_again(tmp_path, random.Random(seed), stops=100)
    assert slowest <= _GRACE_SECONDS + _SECONDS_BEYOND_GRACE


@pytest.mark.parametrize("processes", [1, 2])
async def test_a_second_signal_gives_back_what_runs_at_once(tmp_path: Path, processes: int) -> None:  # D6, P16
    async with _application(tmp_path) as app:
        size = ("--concurrency", "5", "--processes", str(processes), "--grace", "3600")
        handles = [await app.enqueue(kind, {"seconds": 3600}) for kind in busy_jobs.KINDS * processes]
        async with WorkerProgram(app.store.url, "tests.system.busy_jobs:app", *size) as worker:
            for handle in handles:
                await _runs(app, handle)
            worker.send(signal.SIGTERM)
            for _ in range(1 if processes == 1 else processes + 1):  # a supervisor and its children, each
                await worker.until("stopping in good order")
            worker.send(signal.SIGTERM)
            assert await worker.end() == 0, worker.log
        for handle in handles:
            job = await handle.job()
            assert isinstance(job, PendingJob), worker.log
            assert [attempt.outcome for attempt in job.attempts] == ["released"]


def _application(folder: Path) -> Jobhive:
    app = Jobhive(str(folder / "jobhive.db"))
    app.kinds = busy_jobs.app.kinds
    return app


async def _stop_again_and_again(folder: Path, chance: random.Random, stops: int) -> float:
    """The longest that a worker took to end, in seconds."""
    handles: Handles = []
    async with _application(folder) as app:
        slowest = max([await _stop_once(app, handles, chance) for _ in range(stops)])
        await _done_in_the_end(app, handles)
    return slowest


async def _stop_once(app: Jobhive, handles: Handles, chance: random.Random) -> float:
    size = ("--concurrency", str(_SLOTS), "--grace", str(_GRACE_SECONDS))
    for _ in range(_SLOTS):
        seconds = chance.choice([0.05, 0.5, 5])
        handles.append(await app.enqueue(chance.choice(busy_jobs.KINDS), {"seconds": seconds}))
    async with WorkerProgram(app.store.url, "tests.system.busy_jobs:app", *size) as worker:
        await _runs(app, chance.choice(handles[-_SLOTS:]))
        worker.send(signal.SIGTERM)
        began = time.monotonic()
        assert await worker.end() == 0, worker.log
        took = time.monotonic() - began
    for record in await app.store.jobs.get([handle.id for handle in handles]):
        assert record.state in {State.COMPLETE, State.PENDING}, (record, worker.log)
        assert (record.failures, record.crashes, record.losses) == (0, 0, 0), (record, worker.log)
    return took


async def _runs(app: Jobhive, handle: JobHandle[object]) -> None:
    await wait_for_job(app.store, handle.id, lambda job: job.last_seq > 1, "it told nothing", deadline=_DEADLINE)


async def _done_in_the_end(app: Jobhive, handles: Handles) -> None:
    async with WorkerProgram(app.store.url, "tests.system.busy_jobs:app"):
        for handle in handles:
            await handle.result(_DEADLINE.total_seconds())
    jobs = [await handle.job() for handle in handles]
    assert {attempt.outcome for job in jobs for attempt in job.attempts} == {"released"}
    assert all(job.attempt == len(job.attempts) + 1 for job in jobs)
