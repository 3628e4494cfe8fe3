"""Processes that die under a job, or while they have none."""

import os
import signal
from collections.abc import Sequence
from typing import Literal

import pytest

from jobhive import JobFailed, Jobhive, State
from jobhive.testing import wait_for_state
from tests.worker.isolation.asking import failed, result
from tests.worker.isolation.calls import SECONDS, Calls

Death = Literal["kill", "segfault", "exit"]

DEATHS: Sequence[tuple[Death, str]] = [
    ("kill", "was killed by SIGKILL"),
    ("segfault", "was killed by SIGSEGV"),
    ("exit", "ended with exit code 3"),
]


@pytest.mark.parametrize(("how", "words"), DEATHS)
async def test_a_job_whose_process_dies_is_tried_again_in_a_new_one(
    app: Jobhive, how: Death, words: str
) -> None:  # P10
    async with app.worker():
        before = await result(app, "pid")
        handle = await app.enqueue("die_once", {"how": how})
        after = await handle.result(SECONDS)
    assert after != before
    [attempt] = (await handle.job()).attempts
    assert attempt.error is not None
    assert (attempt.error.code, words in attempt.error.message) == ("CRASHED", True)


@pytest.mark.parametrize(("how", "words"), DEATHS)
async def test_it_runs_but_once_where_on_crash_says_so(  # P10
    app: Jobhive, calls: Calls, how: Death, words: str
) -> None:
    async with app.worker():
        await result(app, "pid")
        job = await failed(app, "die_for_good", port=calls.port, how=how)
        await calls.take()
        assert calls.all_are_taken()
    assert (job.error.code, job.attempt) == ("CRASHED", 1)
    assert words in job.error.message


async def test_what_a_dead_process_had_started_ends_with_it(app: Jobhive, calls: Calls) -> None:  # P17
    async with app.worker():
        handle = await app.enqueue("die_with_children", {"port": calls.port})
        call = await calls.take()
        assert await call.word() == "ready"
        call.go_on()
        assert await call.is_gone()
        with pytest.raises(JobFailed):
            await handle.result(SECONDS)


async def test_it_may_die_while_it_tells(app: Jobhive) -> None:
    async with app.worker():
        assert (await failed(app, "die_talking")).error.code == "CRASHED"


async def test_a_copy_that_holds_the_line_hides_no_death(app: Jobhive, calls: Calls) -> None:  # P10
    async with app.worker():
        handle = await app.enqueue("die_with_a_copy", {"port": calls.port})
        call = await calls.take()
        copy = int(await call.word())
        try:
            call.go_on()
            with pytest.raises(JobFailed):
                await handle.result(SECONDS)
        finally:
            os.kill(copy, signal.SIGKILL)


async def test_an_idle_process_that_died_costs_no_job_anything(app: Jobhive, calls: Calls) -> None:  # P10
    async with app.worker():
        await result(app, "keep_line", port=calls.port)
        idle = await calls.take()
        os.kill(idle.pid, signal.SIGKILL)
        assert await idle.is_gone()
        assert await result(app, "pid_unless_crashed") != idle.pid


async def test_nor_does_one_that_dies_before_the_job_begins(app: Jobhive, calls: Calls) -> None:  # P10
    async with app.worker():
        await result(app, "keep_line", port=calls.port)
        idle = await calls.take()
        os.kill(idle.pid, signal.SIGSTOP)
        handle = await app.enqueue("pid_unless_crashed", {})
        await wait_for_state(app.store, handle.id, State.RUNNING)
        os.kill(idle.pid, signal.SIGKILL)
        assert await handle.result(SECONDS) != idle.pid
    assert (await handle.job()).attempts == ()
