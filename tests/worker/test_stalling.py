"""Attempts that tell nothing for too long."""

import asyncio
import threading

import pytest

from jobhive import CompleteJob, Context, FailedJob, JobHandle, Jobhive, State, SyncContext
from jobhive.testing import wait_for_state


async def _stalled(app: Jobhive, handle: JobHandle[object]) -> None:
    await wait_for_state(app.store, handle.id, State.FAILED)
    job = await handle.job()
    assert isinstance(job, FailedJob)
    assert (job.error.code, job.error.type) == ("STALLED", "AttemptStalled")
    assert "0.05 s" in job.error.message


async def test_a_silent_attempt_fails(app: Jobhive) -> None:  # S10
    @app.job(stall_timeout=0.05, max_retries=0)
    async def wait() -> None:
        await asyncio.Event().wait()

    @app.job(stall_timeout=0.05, max_retries=0)
    async def speak_once(ctx: Context) -> None:
        await ctx.log("the last word")
        await asyncio.Event().wait()

    async with app.worker():
        for kind in ("wait", "speak_once"):
            await _stalled(app, await app.enqueue(kind, {}))


async def test_a_silent_thread_is_told_to_stop(app: Jobhive) -> None:  # S10
    @app.job(stall_timeout=0.05, max_retries=0)
    def spin(ctx: SyncContext) -> None:
        while not ctx.cancelled():
            pass
        stopped.set()

    stopped = threading.Event()
    async with app.worker():
        await _stalled(app, await app.enqueue("spin", {}))
        assert await asyncio.to_thread(stopped.wait, 20)


async def test_a_stalled_attempt_is_tried_again_as_its_kind_says(app: Jobhive) -> None:  # S10
    @app.job(stall_timeout=0.05, max_retries=1)
    async def stall_once(ctx: Context) -> int:
        if ctx.attempt == 1:
            await asyncio.Event().wait()
        return ctx.attempt

    async with app.worker():
        assert await (await stall_once.enqueue()).result(timeout=20) == 2


@pytest.mark.parametrize("how", ["log", "progress", "item"])
async def test_an_attempt_that_tells_something_does_not_stall(app: Jobhive, how: str) -> None:  # S10
    @app.job(stall_timeout=2.0, max_retries=0)
    async def talk(ctx: Context) -> None:
        began = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() < began + 2.5:
            await asyncio.sleep(0.01)
            await (ctx.progress("working") if how == "progress" else ctx.emit(how, line="x"))

    async with app.worker():
        handle = await talk.enqueue()
        await handle.result(timeout=20)
    assert isinstance(await handle.job(), CompleteJob)


async def test_the_earlier_of_both_limits_counts(app: Jobhive) -> None:  # S10
    @app.job(timeout=0.05, stall_timeout=60, max_retries=0)
    async def slow() -> None:
        await asyncio.Event().wait()

    async with app.worker():
        handle = await slow.enqueue()
        await wait_for_state(app.store, handle.id, State.FAILED)
    job = await handle.job()
    assert isinstance(job, FailedJob)
    assert job.error.code == "TIMEOUT"


def test_a_stall_timeout_is_longer_than_nothing(app: Jobhive) -> None:
    with pytest.raises(ValueError, match="longer than zero"):

        @app.job(stall_timeout=0)
        async def work() -> None: ...
