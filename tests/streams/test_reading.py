"""Any number of readers, anywhere, from any number on, see the same gap-free stream."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator

import pytest

from jobhive import CompleteJob, Context, Event, JobHandle, Jobhive, Retry, Snooze, UnknownJob


async def read(handle: JobHandle[object], after: int = 0) -> list[Event]:
    """The stream from there to its end."""
    async with asyncio.timeout(20):
        return [event async for event in handle.stream(after)]


def types(events: list[Event]) -> list[str]:
    return [event.type for event in events]


async def test_what_a_generator_yields_is_streamed_as_items(app: Jobhive) -> None:  # UP4
    @app.job()
    async def count(ctx: Context, n: int) -> AsyncIterator[object]:
        await ctx.log("begins")
        for i in range(n):
            yield {"i": i} if i % 2 else i

    handle = await count.enqueue(3)
    await app.run_until_idle()
    events = await read(handle)
    assert types(events) == ["started", "log", "item", "item", "item", "end"]
    assert [event.data.get("value") for event in events[2:5]] == [0, {"i": 1}, 2]
    assert isinstance(await handle.job(), CompleteJob)


async def test_numbers_have_no_gap_and_the_first_and_the_last_event_tell_of_the_job(app: Jobhive) -> None:  # I2
    @app.job()
    async def add(ctx: Context, a: int, b: int) -> int:
        await ctx.emit("metrics", seconds=0.5)
        return a + b

    handle = await add.enqueue(1, 2)
    await app.run_until_idle()
    job = await handle.job()
    started, metrics, end = await read(handle)
    assert [started.seq, metrics.seq, end.seq] == [1, 2, 3]
    assert started.data == {"job_id": handle.id, "started_at": started.at.isoformat()}
    assert (metrics.type, metrics.data) == ("metrics", {"seconds": 0.5})
    assert (end.type, end.data) == ("end", {"state": "complete", "result": 3})
    assert job.created_at <= started.at <= metrics.at <= end.at


async def test_a_stream_can_be_resumed_after_every_number(app: Jobhive) -> None:  # I3, P12
    @app.job()
    async def tell(ctx: Context) -> None:
        for burst in range(4):
            for i in range(burst):
                await ctx.emit("token", t=f"{burst}.{i}")
            await ctx.settled()  # so that there are several stored batches

    handle = await tell.enqueue()
    await app.run_until_idle()
    whole = await read(handle)
    assert [event.seq for event in whole] == list(range(1, 9))
    for after in range(len(whole) + 2):
        assert await read(handle, after) == whole[after:]


async def test_readers_that_come_early_and_late_see_the_same(app: Jobhive) -> None:  # I3
    gate = asyncio.Event()

    @app.job()
    async def count(n: int) -> AsyncIterator[int]:
        for i in range(n):
            yield i
            if i == 1:
                await gate.wait()

    handle = await count.enqueue(4)
    early = asyncio.create_task(read(handle))
    async with app.worker():
        seen = handle.stream(after=2)
        assert (await anext(seen)).data == {"value": 1}  # before the job is done
        gate.set()
        rest = [event async for event in seen]
    assert (await early)[3:] == rest
    assert await early == await read(handle)


async def test_a_reader_in_another_process_sees_the_same_live(app: Jobhive) -> None:  # I3, UP3
    gate = asyncio.Event()

    @app.job()
    async def count(n: int) -> AsyncIterator[int]:
        yield 0
        await gate.wait()
        for i in range(1, n):
            yield i

    handle = await count.enqueue(5)
    reader = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.streams.reader", app.store.url, handle.id, stdout=asyncio.subprocess.PIPE
    )
    assert reader.stdout is not None
    async with asyncio.timeout(60), app.worker():
        lines = [await reader.stdout.readline() for _ in range(2)]
        gate.set()
        lines += [line async for line in reader.stdout]
        assert await reader.wait() == 0
    here = [[event.seq, event.type, event.data, event.at.isoformat()] for event in await read(handle)]
    assert [json.loads(line) for line in lines] == here


async def test_a_failed_jobs_stream_tells_what_there_was_and_ends_with_its_error(app: Jobhive) -> None:  # I6
    @app.job(max_retries=0)
    async def fail(ctx: Context) -> None:
        await ctx.log("so far so good")
        raise LookupError("nothing there")

    handle = await fail.enqueue()
    await app.run_until_idle()
    _, log, error = await read(handle)
    assert log.data == {"line": "so far so good"}
    assert (error.type, error.data) == (
        "error",
        {"code": "JOB_ERROR", "message": "nothing there"},
    )
    assert error.is_terminal


async def test_a_job_that_never_ran_ends_with_its_reason(app: Jobhive) -> None:
    @app.job()
    async def add(a: int) -> int:
        return a

    handle = await add.enqueue(1)
    reading = asyncio.create_task(read(handle))
    await handle.cancel("not needed")
    [end] = await reading
    assert (end.seq, end.type) == (1, "end")
    assert end.data == {"state": "cancelled", "stop_reason": "CANCELLED", "reason": "not needed"}


async def test_another_attempt_says_so_in_the_stream(app: Jobhive) -> None:  # I9
    @app.job(max_retries=2)
    async def work(ctx: Context) -> str:
        await ctx.log(f"attempt {ctx.attempt}")
        if ctx.attempt == 1:
            raise Retry("once more", after=0)
        if ctx.attempt == 2:
            raise Snooze(0)
        return "done"

    handle = await work.enqueue()
    async with app.worker():
        events = await read(handle)
    assert types(events) == ["started", "log", "attempt", "log", "attempt", "log", "end"]
    error = {"code": "RETRY_ASKED", "type": "Retry", "message": "once more"}
    assert events[2].data == {"n": 2, "reason": "retry", "error": error}
    assert events[4].data == {"n": 3, "reason": "snooze"}
    assert [event.seq for event in events] == list(range(1, 8))


async def test_an_operators_retry_reopens_the_stream(app: Jobhive) -> None:  # I9
    @app.job(max_retries=0)
    async def work(ctx: Context) -> str:
        if ctx.attempt == 1:
            raise LookupError("not yet")
        return "done"

    handle = await work.enqueue()
    await app.run_until_idle()
    before = await read(handle)
    await app.store.jobs.retry(handle.id)
    await app.run_until_idle()
    after = await read(handle)
    assert after[: len(before)] == before
    assert types(after) == ["started", "error", "attempt", "end"]
    assert after[2].data == {"n": 2, "reason": "operator"}


async def test_a_reader_that_leaves_leaves_nothing_behind(app: Jobhive) -> None:  # P12
    @app.job()
    async def add(a: int) -> int:
        return a

    handle = await add.enqueue(1)
    cut_off = asyncio.create_task(read(handle))
    await app.run_until_idle()
    await cut_off
    left = handle.stream()
    await anext(left)
    await left.aclose()
    assert app.store.signals._wakes == {}


async def test_an_unknown_jobs_stream_is_an_error(app: Jobhive) -> None:
    @app.job()
    async def add(a: int) -> int:
        return a

    handle = await add.enqueue(1)
    await handle.cancel()
    await app.store.jobs.purge(handle.id)
    with pytest.raises(UnknownJob):
        await read(handle)
