"""A running job can be cancelled: its handler is told, and only when it has stopped the job is `cancelled`."""

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from jobhive import Backoff, CancelledJob, Context, JobHandle, Jobhive, RunningJob, State, SyncContext
from jobhive.testing import asking, expire_leases, wait_for_job, wait_for_state


async def is_running(app: Jobhive, handle: JobHandle[Any]) -> None:
    """Waits until the handler has told that it runs."""
    await wait_for_job(app.store, handle.id, lambda job: job.last_seq > 1, "its handler told nothing")


async def cancelled(app: Jobhive, handle: JobHandle[Any]) -> CancelledJob[Any]:
    """Waits for the end."""
    await wait_for_state(app.store, handle.id)
    job = await handle.job()
    assert isinstance(job, CancelledJob), job
    return job


async def test_a_coroutine_is_cancelled_and_may_clean_up_first(app: Jobhive) -> None:  # S9, I5
    cleaning, gate = asyncio.Event(), asyncio.Event()

    @app.job()
    async def work(ctx: Context) -> None:
        await ctx.log("runs")
        try:
            await asyncio.Event().wait()
        finally:
            assert ctx.cancelled()
            cleaning.set()
            await gate.wait()
            await ctx.log("cleaned up")

    handle = await work.enqueue()
    async with app.worker():
        await is_running(app, handle)
        await handle.cancel("no longer needed")
        await cleaning.wait()
        job = await handle.job()
        assert isinstance(job, RunningJob)
        assert job.is_cancel_requested
        gate.set()
        ended = await cancelled(app, handle)
    assert ended.reason == "no longer needed"
    assert ended.started_at is not None
    assert (ended.failures, [each.outcome for each in ended.attempts]) == (0, ["cancelled"])
    events = [event async for event in handle.stream()]
    assert [event.data.get("line") for event in events[1:-1]] == ["runs", "cleaned up"]
    assert events[-1].data["state"] == "cancelled"


async def test_a_handler_without_a_context_is_cancelled_as_well(app: Jobhive) -> None:  # S9
    started = asyncio.Event()

    @app.job()
    async def work() -> None:
        started.set()
        await asyncio.Event().wait()

    handle = await work.enqueue()
    async with app.worker():
        await started.wait()
        await handle.cancel()
        await cancelled(app, handle)


async def test_a_generator_that_never_ends_is_cancelled_and_closed(app: Jobhive) -> None:  # S9
    closed: list[State] = []

    @app.job()
    async def count() -> AsyncIterator[int]:
        i = 0
        try:
            while True:
                yield i
                i += 1
        finally:
            closed.append((await app.store.jobs.get([handle.id]))[0].state)

    handle = await count.enqueue()
    async with app.worker():
        await is_running(app, handle)
        await handle.cancel()
        await cancelled(app, handle)
    assert closed == [State.RUNNING]  # it was closed before the job was said to be cancelled
    values = [event.data["value"] async for event in handle.stream() if event.type == "item"]
    assert values == list(range(len(values)))


async def test_a_thread_is_told_and_stops_when_it_looks(app: Jobhive) -> None:  # S9
    @app.job()
    def raises(ctx: SyncContext) -> None:
        ctx.log("runs")
        while True:
            ctx.check_cancelled()

    @app.job()
    def returns(ctx: SyncContext) -> str:
        ctx.log("runs")
        while not ctx.cancelled():
            pass
        return "half of it"

    for kind in (raises, returns):
        handle = await kind.enqueue()
        async with app.worker():
            await is_running(app, handle)
            await handle.cancel()
            assert (await cancelled(app, handle)).reason == "cancelled by its caller"


async def test_a_thread_that_does_not_look_completes(app: Jobhive) -> None:
    gate = threading.Event()

    @app.job()
    def work(ctx: SyncContext) -> str:
        ctx.log("runs")
        gate.wait()
        return "all of it"

    handle = await work.enqueue()
    async with app.worker():
        await is_running(app, handle)
        await handle.cancel()
        gate.set()
        assert await handle.result(timeout=20) == "all of it"


async def test_a_handler_may_finish_in_spite_of_the_request(app: Jobhive) -> None:
    @app.job()
    async def work(ctx: Context) -> str:
        await ctx.log("runs")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "it was done anyway"
        raise AssertionError

    handle = await work.enqueue()
    async with app.worker():
        await is_running(app, handle)
        await handle.cancel()
        assert await handle.result(timeout=20) == "it was done anyway"


async def test_an_error_while_stopping_does_not_make_it_a_failure(app: Jobhive) -> None:
    @app.job()
    async def work(ctx: Context) -> None:
        await ctx.log("runs")
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("the connection is closed already")

    handle = await work.enqueue()
    async with app.worker():
        await is_running(app, handle)
        await handle.cancel()
        assert (await cancelled(app, handle)).failures == 0


async def test_a_cancelled_job_runs_no_further_attempt(app: Jobhive) -> None:
    gate = threading.Event()

    @app.job(backoff=Backoff(base=timedelta(0)))
    def work(ctx: SyncContext) -> None:
        ctx.log("runs")
        gate.wait()
        raise LookupError("failed meanwhile")

    handle = await work.enqueue()
    async with app.worker():
        await is_running(app, handle)
        await handle.cancel()
        await wait_for_job(app.store, handle.id, lambda job: job.cancel_requested_at_ms is not None, "nobody asked")
        gate.set()
        assert (await cancelled(app, handle)).attempt == 1


async def test_a_job_whose_worker_is_gone_is_cancelled_by_the_rescuer(app: Jobhive) -> None:  # S9
    @app.job()
    async def work() -> None: ...

    handle = await work.enqueue()
    claimed = await app.store.jobs.claim(asking("gone", kinds=["work"]))
    assert [claim.job_id for claim in claimed] == [handle.id]
    await handle.cancel()
    expire_leases(app.store)
    await app.store.jobs.rescue(10)
    assert (await cancelled(app, handle)).reason == "cancelled by its caller"


async def test_a_request_from_another_process_comes_through(app: Jobhive) -> None:  # S9
    started = asyncio.Event()

    @app.job()
    async def work() -> None:
        started.set()
        await asyncio.Event().wait()

    handle = await work.enqueue()
    async with app.worker(), Jobhive(app.store.url) as other:
        await started.wait()
        await other.store.jobs.cancel(handle.id, "from afar")
        await cancelled(app, handle)
