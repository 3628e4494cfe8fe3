"""Events on their way to the store: bounded, in order, without a gap, whatever happens to the replies."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jobhive import Context, Jobhive, LeaseLost, SyncContext
from jobhive.store.sqlite import SqliteStore
from jobhive.streams.feed import PROGRESS, Feed
from jobhive.streams.writer import StreamWriter
from jobhive.testing import expire_leases, record_of, start_one, stored_events

KIB = "x" * 1024

Steps = Sequence[str]
STEPS = st.lists(st.sampled_from(["tell", "progress", "store", "store, reply lost", "not stored"]), max_size=30)


class Bell:
    """Rung by a feed. These tests take from it themselves, but only when it has rung, as the writer does."""

    def __init__(self) -> None:
        self.has_rung = False

    def ring(self, _: Feed) -> None:
        self.has_rung = True


async def play(store: SqliteStore, steps: Steps) -> None:
    """Tells and stores as the steps say; then checks what is stored against what was told."""
    claim = await start_one(store)
    bell = Bell()
    feed = Feed(claim, store.clock.now_ms, bell.ring)
    items: list[int] = []
    progress: list[int] = []
    for number, step in enumerate(steps):
        match step:
            case "tell":
                items.append(number)
                feed.tell("item", {"value": number})
            case "progress":
                progress.append(number)
                feed.tell(PROGRESS, {"value": number})
            case _:
                await pass_on(store, feed, bell, step)
    settled = asyncio.create_task(feed.settled())
    await asyncio.sleep(0)
    while not settled.done():
        assert bell.has_rung
        await pass_on(store, feed, bell, "store")
        await asyncio.sleep(0)
    events = await stored_events(store, claim.job_id)
    assert [event.seq for event in events] == list(range(2, len(events) + 2))
    assert [event.data["value"] for event in events if event.type == "item"] == items
    shown = [event.data["value"] for event in events if event.type == PROGRESS]
    assert set(shown) <= set(progress)
    assert shown[-1:] == progress[-1:]
    record = await record_of(store, claim.job_id)
    assert record.progress == (f'{{"value":{progress[-1]}}}' if progress else None)


async def pass_on(store: SqliteStore, feed: Feed, bell: Bell, how: str) -> None:
    if not bell.has_rung or (batch := feed.take()) is None:
        return
    accepted = [] if how == "not stored" else await store.events.append([batch])
    bell.has_rung = how != "store"  # without an answer the writer tries again
    if how == "store":
        feed.confirm(is_accepted=bool(accepted))


def test_numbers_are_gap_free_and_in_order_whatever_happens_to_batches(tmp_path: Path) -> None:  # P12
    with asyncio.Runner() as runner:
        store = SqliteStore(tmp_path / "jobhive.db")
        runner.run(store.open())

        @settings(max_examples=150, deadline=None)
        @given(steps=STEPS)
        @example(steps=["tell", "store, reply lost", "tell", "store"])
        def holds(steps: Steps) -> None:
            runner.run(play(store, steps))

        holds()
        runner.run(store.close())


async def test_more_than_the_buffer_holds_arrives_whole(app: Jobhive) -> None:  # I10
    @app.job()
    async def stream(n: int) -> AsyncIterator[str]:
        for i in range(n):
            yield f"{i}:{KIB}"

    @app.job()
    def from_thread(ctx: SyncContext, n: int) -> None:
        for i in range(n):
            ctx.emit("item", value=f"{i}:{KIB}")

    handles = [await stream.enqueue(1_500), await from_thread.enqueue(300)]
    await app.run_until_idle()
    for handle, n in zip(handles, (1_500, 300), strict=True):
        events = await stored_events(app.store, handle.id)
        assert [event.data["value"] for event in events] == [f"{i}:{KIB}" for i in range(n)]


async def test_whoever_tells_faster_than_the_disk_writes_waits(app: Jobhive) -> None:  # I10
    claim = await start_one(app.store)
    feed = Feed(claim, app.store.clock.now_ms, Bell().ring)
    told = 0

    async def flood() -> None:
        nonlocal told
        while True:
            feed.tell("item", {"value": KIB})
            told += 1
            await feed.room()

    flooding = asyncio.create_task(flood())
    await asyncio.sleep(0)
    buffered = told
    assert buffered < 260  # 256 KiB and the one that went over
    batch = feed.take()
    assert batch is not None
    await asyncio.sleep(0)
    assert buffered < told < 520  # as much again while the first is on its way
    flooding.cancel()


async def test_all_that_an_attempt_told_is_stored_before_its_result(app: Jobhive) -> None:  # I9
    @app.job()
    async def work(ctx: Context) -> int:
        for i in range(100):
            await ctx.emit("token", t=str(i))
        return 100

    handle = await work.enqueue()
    async with app.worker():
        assert await handle.result(timeout=20) == 100
    assert len(await stored_events(app.store, handle.id)) == 100


async def test_a_feed_whose_job_is_somebody_elses_says_so(app: Jobhive) -> None:  # B2
    claim = await start_one(app.store)
    streams = StreamWriter(app.store.events, app.store.clock)
    _ = streams.start()
    feed = streams.feed(claim)
    feed.tell("item", {"value": "in time"})
    await feed.settled()
    expire_leases(app.store)
    await app.store.jobs.rescue(10)
    feed.tell("item", {"value": "late"})
    with pytest.raises(LeaseLost, match=claim.job_id):
        await feed.settled()
    with pytest.raises(LeaseLost):
        feed.tell("item", {"value": "later"})
    await feed.room()
    await streams.stop()
    assert [event.data.get("value") for event in await stored_events(app.store, claim.job_id)] == ["in time", None]


async def test_a_closed_feed_takes_nothing_more(app: Jobhive) -> None:
    claim = await start_one(app.store)
    streams = StreamWriter(app.store.events, app.store.clock)
    _ = streams.start()
    feed = streams.feed(claim)
    feed.tell("item", {"value": 1})
    await feed.close()
    with pytest.raises(LeaseLost):
        feed.tell("item", {"value": 2})
    await streams.stop()
    assert [event.data for event in await stored_events(app.store, claim.job_id)] == [{"value": 1}]
