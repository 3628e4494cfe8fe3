"""What a handler tells: logs, narration, progress that is throttled, and what it cannot tell."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pydantic import BaseModel

from jobhive import Context, Event, InvalidInput, JobHandle, Jobhive, Progress, RunningJob, SyncContext
from jobhive.testing import record_of, wait_for_job


class Found(BaseModel):
    """A progress of one's own."""

    pages: int
    last: str | None = None


async def told(handle: JobHandle[Any]) -> list[Event]:
    """What the job told itself: the stream without its first and last event."""
    async with asyncio.timeout(20):
        return [event async for event in handle.stream()][1:-1]


async def test_handlers_on_the_loop_and_in_threads_tell_alike(app: Jobhive, caplog: pytest.LogCaptureFixture) -> None:
    @app.job()
    async def on_loop(ctx: Context) -> None:
        await ctx.log("a line")
        await ctx.progress("halfway", 50, "of many")
        await ctx.narrate("writes", "report", "page 3 of 7")
        await ctx.emit("found", name="x", where=[1, None, {"deep": True}])

    @app.job()
    def in_thread(ctx: SyncContext) -> None:
        assert threading.current_thread() is not threading.main_thread()
        ctx.log("a line")
        ctx.progress("halfway", 50, "of many")
        ctx.narrate("writes", "report", "page 3 of 7")
        ctx.emit("found", name="x", where=[1, None, {"deep": True}])

    caplog.set_level(logging.INFO, "jobhive")
    for kind, handle in (("on_loop", await on_loop.enqueue()), ("in_thread", await in_thread.enqueue())):
        await app.run_until_idle()
        assert [(event.type, event.data) for event in await told(handle)] == [
            ("log", {"line": "a line"}),
            ("progress", {"stage": "halfway", "percentage": 50.0, "message": "of many"}),
            ("narration", {"actor": kind, "action": "writes", "target": "report", "sentence": "page 3 of 7"}),
            ("found", {"name": "x", "where": [1, None, {"deep": True}]}),
        ]
        assert f"{kind} writes report: page 3 of 7" in caplog.messages


async def test_progress_is_throttled_and_the_last_is_always_kept(app: Jobhive) -> None:  # S5
    @app.job()
    async def work(ctx: Context) -> None:
        for i in range(2_001):
            await ctx.progress("counting", percentage=i / 20)

    handle = await work.enqueue()
    await app.run_until_idle()
    events = await told(handle)
    shown = [event.data["percentage"] for event in events]
    assert shown == sorted(shown, key=lambda each: float(str(each)))
    assert (shown[0], shown[-1]) == (0.0, 100.0)
    assert len(shown) < 1_000
    record = await record_of(app.store, handle.id)
    assert record.progress == '{"stage":"counting","percentage":100.0}'


async def test_progress_that_was_held_back_is_told_while_the_job_goes_on(app: Jobhive) -> None:  # S5
    gate = asyncio.Event()

    @app.job()
    async def work(ctx: Context) -> None:
        await ctx.progress("first")
        await ctx.progress("second")
        await gate.wait()

    handle = await work.enqueue()
    async with app.worker():
        await wait_for_job(app.store, handle.id, lambda job: "second" in (job.progress or ""), "it was not told")
        gate.set()


async def test_progress_keeps_its_place_among_other_events(app: Jobhive) -> None:
    @app.job()
    async def work(ctx: Context) -> AsyncIterator[int]:
        await ctx.progress("first")
        yield 1
        await ctx.progress("last")

    handle = await work.enqueue()
    await app.run_until_idle()
    assert [event.data.get("stage", event.data.get("value")) for event in await told(handle)] == ["first", 1, "last"]


async def test_a_kind_may_have_a_progress_of_its_own(app: Jobhive) -> None:  # S5
    gate = asyncio.Event()

    @app.job(progress=Found)
    async def search(ctx: Context) -> None:
        await ctx.progress(Found(pages=3, last="x"))
        await gate.wait()

    handle = await search.enqueue()
    async with app.worker():
        await wait_for_job(app.store, handle.id, lambda job: job.progress is not None, "it told no progress")
        job = await handle.job()
        assert isinstance(job, RunningJob)
        assert job.progress == Found(pages=3, last="x")
        gate.set()
    assert (await told(handle))[0].data == {"pages": 3, "last": "x"}


async def test_what_cannot_be_told_is_refused_clearly_and_nothing_of_it_is_stored(app: Jobhive) -> None:
    refusals: list[InvalidInput] = []

    @app.job()
    async def work(ctx: Context) -> None:
        untyped: Any = ctx
        tells: list[Callable[[], Any]] = [
            lambda: untyped.emit("found", type="x", seq=1, at=2),
            lambda: untyped.emit("found", what=object()),
            lambda: untyped.emit("found", what=float("nan")),
            lambda: untyped.emit("found", what="\ud800"),
            lambda: untyped.emit("end", state="complete"),
            lambda: untyped.emit("error"),
            lambda: untyped.emit("started"),
            lambda: untyped.emit("attempt", n=2),
            lambda: untyped.emit("progress", pages=1),
            lambda: untyped.progress(Found(pages=1)),
            lambda: untyped.progress("too much", percentage=101),
        ]
        for tell in tells:
            with pytest.raises(InvalidInput) as refused:
                await tell()
            refusals.append(refused.value)
        await ctx.log("NaN and Infinity are fine in a text")

    handle = await work.enqueue()
    await app.run_until_idle()
    await handle.result()
    assert [event.data for event in await told(handle)] == [{"line": "NaN and Infinity are fine in a text"}]
    assert [[(error.field, error.constraint) for error in refusal.errors] for refusal in refusals] == [
        [("at", "reserved"), ("seq", "reserved"), ("type", "reserved")],
        [("data", "json")],
        [("data", "json")],
        [("data", "json")],
        *[[("type", "reserved")]] * 4,
        [("progress.stage", "missing")],
        [("progress", "model_type")],
        [("progress.percentage", "less_than_equal")],
    ]
    assert "Jobhive itself tells attempt, end, error, started" in str(refusals[4])


async def test_an_item_that_json_cannot_hold_fails_the_attempt(app: Jobhive) -> None:
    @app.job(max_retries=0)
    async def work() -> AsyncIterator[object]:
        yield 1
        yield object()

    handle = await work.enqueue()
    await app.run_until_idle()
    record = await record_of(app.store, handle.id)
    assert record.error is not None
    assert "Unable to serialize unknown type: <class 'object'>" in record.error.message
    assert [event.data for event in await told(handle)] == [{"value": 1}]


async def test_models_and_other_typed_items_are_streamed_as_json(app: Jobhive) -> None:
    @app.job()
    async def work() -> AsyncIterator[object]:
        yield Progress(stage="x")
        yield {1}
        yield (1, "a")

    handle = await work.enqueue()
    await app.run_until_idle()
    assert [event.data["value"] for event in await told(handle)] == [
        {"stage": "x", "percentage": None, "message": None},
        [1],
        [1, "a"],
    ]
