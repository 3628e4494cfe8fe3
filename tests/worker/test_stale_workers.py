"""A worker that lost its lease can change nothing, and throws its work away."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jobhive import Context, JobHandle, Jobhive, LeaseLost, State
from jobhive.testing import (
    append,
    cancel,
    claim_one,
    complete,
    expire_leases,
    fail,
    release,
    retry,
    snapshot,
    start_one,
    wait_for_job,
    wait_for_state,
)
from jobhive.worker.worker import Worker


@pytest.fixture
async def elsewhere(tmp_path: Path) -> AsyncIterator[Jobhive]:
    """The same database as another process would have it."""
    async with Jobhive(str(tmp_path / "jobhive.db")) as app:
        yield app


async def test_every_write_of_a_stale_worker_is_refused(app: Jobhive, elsewhere: Jobhive) -> None:  # B2, P4
    stale = await start_one(app.store, "a")
    assert await app.store.events.append([append(stale, 2, "in time")]) == [stale.job_id]
    expire_leases(app.store, elsewhere.store)
    fresh = await claim_one(elsewhere.store, "b")
    assert fresh.job_id == stale.job_id
    before = await snapshot(app.store, stale.job_id)
    assert await app.store.jobs.renew([stale.receipt]) == []
    assert await app.store.events.append([append(stale, fresh.last_seq + 1, "late")]) == []
    for move in (complete(stale, '"late"'), fail(stale), retry(stale), cancel(stale), release(stale)):
        assert await app.store.jobs.finish([move]) == []
    assert await snapshot(app.store, stale.job_id) == before
    assert await elsewhere.store.jobs.finish([complete(fresh, '"right"')]) == [fresh.job_id]
    assert (await app.store.jobs.get([fresh.job_id]))[0].result == '"right"'


async def test_a_late_result_is_thrown_away_and_said_so(  # B2, P4
    app: Jobhive, elsewhere: Jobhive, caplog: pytest.LogCaptureFixture
) -> None:
    late, soon = asyncio.Event(), asyncio.Event()

    @app.job(name="work")
    async def late_work() -> str:
        await late.wait()
        return "late"

    @elsewhere.job(name="work")
    async def work(ctx: Context) -> str:
        await ctx.log("the second worker's")
        await soon.wait()
        return "right"

    handle = await late_work.enqueue()
    stale = Worker(app.store, app.kinds, concurrency=1)  # its one slot is taken: it cannot claim the job again
    await stale.start()
    await wait_for_state(app.store, handle.id, State.RUNNING)
    expire_leases(app.store, elsewhere.store)
    await elsewhere.store.jobs.rescue(10)
    async with elsewhere.worker():
        await is_with(elsewhere, handle)
        late.set()
        await stale.stop()  # returns once the late result was refused
        soon.set()
        assert await handle.result(timeout=20) == "right"
    job = await handle.job()
    assert (job.attempt, [each.outcome for each in job.attempts]) == (2, ["lost"])
    assert (stale.completed, stale.errors) == (0, 0)
    dropped = "finisher dropped work: the job belongs to another worker by now; this attempt's work is thrown away"
    assert caplog.messages.count(dropped) == 1


async def test_what_a_stale_worker_tells_is_refused_and_ends_its_attempt(  # B2, I9
    app: Jobhive, elsewhere: Jobhive, caplog: pytest.LogCaptureFixture
) -> None:
    late, ended = asyncio.Event(), asyncio.Event()

    @app.job(name="work")
    async def late_work(ctx: Context) -> str:
        await ctx.log("in time")
        await late.wait()
        try:
            while True:
                await ctx.log("late")
                await ctx.settled()
        except LeaseLost:
            ended.set()
            raise

    @elsewhere.job(name="work")
    async def work(ctx: Context) -> str:
        await ctx.log("right")
        return "right"

    handle = await late_work.enqueue()
    stale = Worker(app.store, app.kinds, concurrency=1)  # its one slot is taken: it cannot claim the job again
    await stale.start()
    await wait_for_job(app.store, handle.id, lambda job: job.last_seq > 1, "it told nothing")
    expire_leases(app.store, elsewhere.store)
    await elsewhere.store.jobs.rescue(10)
    async with elsewhere.worker():
        assert await handle.result(timeout=20) == "right"
    late.set()
    async with asyncio.timeout(20):
        await ended.wait()
    await stale.stop()
    told = [event.data.get("line", event.type) async for event in handle.stream()]
    assert told == ["started", "in time", "attempt", "right", "end"]
    dropped = "worker dropped work: the job is not ours any more; this attempt's work is thrown away"
    assert caplog.messages.count(dropped) == 1


async def test_a_worker_that_takes_its_own_lost_job_again_drops_the_first_attempt(app: Jobhive) -> None:  # B2
    begun, ended = list[int](), list[int]()

    @app.job()
    async def work(ctx: Context) -> str:
        begun.append(ctx.attempt)
        await ctx.log("runs")
        try:
            if ctx.attempt == 1:
                await asyncio.Event().wait()
        finally:
            ended.append(ctx.attempt)
        return f"attempt {ctx.attempt}"

    handle = await work.enqueue()
    async with app.worker():
        await wait_for_job(app.store, handle.id, lambda job: job.last_seq > 1, "it told nothing")
        expire_leases(app.store)
        await app.store.jobs.rescue(10)
        assert await handle.result(timeout=20) == "attempt 2"
    assert (begun, sorted(ended)) == ([1, 2], [1, 2])


async def test_a_worker_stops_only_once_an_attempt_that_it_has_superseded_has_ended(app: Jobhive) -> None:  # P17
    may_end, has_ended = asyncio.Event(), asyncio.Event()

    @app.job()
    async def work(ctx: Context) -> str:
        await ctx.log("runs")
        if ctx.attempt == 1:
            try:
                await asyncio.Event().wait()
            finally:
                await may_end.wait()
                has_ended.set()
        return f"attempt {ctx.attempt}"

    handle = await work.enqueue()
    worker = Worker(app.store, app.kinds)
    await worker.start()
    await wait_for_job(app.store, handle.id, lambda job: job.last_seq > 1, "it told nothing")
    expire_leases(app.store)
    await app.store.jobs.rescue(10)
    assert await handle.result(timeout=20) == "attempt 2"
    asyncio.get_running_loop().call_later(0.1, may_end.set)
    await worker.stop()
    assert has_ended.is_set()


async def is_with(app: Jobhive, handle: JobHandle[str]) -> None:
    """Waits until the second attempt's handler has told something; the first told nothing."""
    await wait_for_job(app.store, handle.id, lambda job: job.attempt == 2 and job.last_seq > 2, "it was not taken")
