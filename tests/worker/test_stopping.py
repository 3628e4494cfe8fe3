"""A graceful stop: no new jobs, a wait for those that run, the rest is given back and goes on elsewhere."""

import asyncio
import inspect
import threading
from collections.abc import Callable
from typing import Any

import pytest

from jobhive import CompleteJob, Context, JobHandle, Jobhive, PendingJob, State, SyncContext
from jobhive.testing import wait_for_job
from jobhive.worker.worker import Worker


async def is_running(app: Jobhive, handle: JobHandle[Any]) -> None:
    """Waits until the handler has told that it runs."""
    await wait_for_job(app.store, handle.id, lambda job: job.last_seq > 1, "its handler told nothing")


async def test_a_stop_waits_for_what_runs_and_takes_nothing_new(app: Jobhive) -> None:  # S2, D6
    gate = asyncio.Event()

    @app.job()
    async def work(ctx: Context) -> str:
        await ctx.log("runs")
        await gate.wait()
        return "done"

    first = await work.enqueue()
    worker = Worker(app.store, app.kinds, concurrency=2)
    await worker.start()
    await is_running(app, first)
    stopping = asyncio.create_task(worker.stop())
    await asyncio.sleep(0)
    assert worker.describe().state == "stopping"
    second = await work.enqueue()
    gate.set()
    await stopping
    assert isinstance(await first.job(), CompleteJob)
    assert isinstance(await second.job(), PendingJob)
    assert await app.store.workers.active() == []
    assert await app.store.workers.dead() == []


async def is_cancelled(ctx: Context) -> None:
    await asyncio.Event().wait()


async def stumbles(ctx: Context) -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        raise OSError("closed in the middle") from None


def raises(ctx: SyncContext) -> None:
    while True:
        ctx.check_cancelled()


def returns(ctx: SyncContext) -> None:
    while not ctx.cancelled():
        pass


@pytest.mark.parametrize("wait", [is_cancelled, stumbles, raises, returns])
async def test_what_is_given_back_spends_no_attempt_and_goes_on_elsewhere(  # S2, P16
    app: Jobhive, wait: Callable[[Any], Any]
) -> None:
    @app.job(max_retries=0, name="work")
    async def on_loop(ctx: Context) -> int:
        await ctx.log("runs")
        if ctx.attempt == 1:
            await wait(ctx)
        return ctx.attempt

    @app.job(max_retries=0, name="threaded")
    def in_thread(ctx: SyncContext) -> int:
        ctx.log("runs")
        if ctx.attempt == 1:
            wait(ctx)
        return ctx.attempt

    handle = await (on_loop if inspect.iscoroutinefunction(wait) else in_thread).enqueue()
    worker = Worker(app.store, app.kinds)
    await worker.start()
    await is_running(app, handle)
    await worker.stop(timeout=0)
    job = await handle.job()
    assert isinstance(job, PendingJob), job
    assert (job.failures, [each.outcome for each in job.attempts]) == (0, ["released"])
    await app.run_until_idle()
    assert await handle.result(timeout=20) == 2


async def test_the_stream_says_that_the_job_was_given_back(app: Jobhive) -> None:  # I9
    @app.job()
    async def work(ctx: Context) -> None:
        await ctx.log(f"attempt {ctx.attempt}")
        if ctx.attempt == 1:
            await asyncio.Event().wait()

    handle = await work.enqueue()
    worker = Worker(app.store, app.kinds)
    await worker.start()
    await is_running(app, handle)
    await worker.stop(timeout=0)
    await app.run_until_idle()
    events = [event async for event in handle.stream()]
    assert [event.type for event in events] == ["started", "log", "attempt", "log", "end"]
    assert events[2].data == {"n": 2, "reason": "its worker stops"}


async def test_a_stop_can_be_hurried(app: Jobhive) -> None:  # D6
    @app.job()
    async def work(ctx: Context) -> None:
        await ctx.log("runs")
        await asyncio.Event().wait()

    handle = await work.enqueue()
    worker = Worker(app.store, app.kinds)
    await worker.start()
    await is_running(app, handle)
    stopping = asyncio.create_task(worker.stop(timeout=3600))
    await asyncio.sleep(0)
    assert worker.describe().state == "stopping"
    worker.hurry()
    await stopping
    assert isinstance(await handle.job(), PendingJob)


async def test_what_does_not_stop_is_left_to_those_who_see_the_process_end(
    app: Jobhive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobhive.worker.worker._SECONDS_TO_OBEY", 0.01)
    gate = threading.Event()

    @app.job()
    def deaf(ctx: SyncContext) -> None:
        ctx.log("runs")
        gate.wait()

    handle = await deaf.enqueue()
    worker = Worker(app.store, app.kinds)
    await worker.start()
    await is_running(app, handle)
    await worker.stop(timeout=0)
    gate.set()
    assert (await app.store.jobs.get([handle.id]))[0].state is State.RUNNING
    assert await app.store.workers.dead() == []  # this process lives, so nobody takes the job from under the thread


async def test_stopping_while_a_claim_is_under_way_begins_what_was_claimed(app: Jobhive) -> None:
    @app.job()
    async def work() -> str:
        return "done"

    handle = await work.enqueue()
    worker = Worker(app.store, app.kinds, poll_interval=3600)
    await worker.start()
    await asyncio.sleep(0)
    assert worker._claimer._is_claiming
    await worker.stop()
    assert isinstance(await handle.job(), CompleteJob)
