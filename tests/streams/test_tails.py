"""Readers of one stream share what they read of its newest part, and each still sees exactly the stream."""

import asyncio
import gc
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

import pytest

from jobhive import Event
from jobhive.core.errors import StoreUnavailable, UnknownJob
from jobhive.core.event import Chunk
from jobhive.core.receipt import Claim
from jobhive.core.record import StreamHead
from jobhive.store.sqlite import SqliteStore
from jobhive.streams.batch import Batch
from jobhive.streams.reader import StreamReader
from jobhive.testing import append, claim_one, complete, fail, start_one

Read = Callable[[str, int, int], Awaitable[tuple[StreamHead, list[Chunk]]]]

_NEVER = 3600.0  # seconds between looks: what is seen was rung for


class Reads:
    """Counts the reads of events; they wait while the gate is closed, and fail while there is trouble."""

    def __init__(self, read: Read) -> None:
        self.count = 0
        self.begun = asyncio.Event()  # set by every read
        self.gate = asyncio.Event()
        self.gate.set()
        self.is_in_trouble = False
        self._read = read

    async def __call__(self, job_id: str, after: int, limit: int) -> tuple[StreamHead, list[Chunk]]:
        self.count += 1
        self.begun.set()
        await self.gate.wait()
        if self.is_in_trouble:
            raise StoreUnavailable("the disk is not there")
        return await self._read(job_id, after, limit)


@pytest.fixture
def reads(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> Reads:
    reads = Reads(store.events.read)
    monkeypatch.setattr(store.events, "read", reads)
    return reads


async def tell(store: SqliteStore, claim: Claim, first_seq: int, *values: str) -> None:
    assert await store.events.append([append(claim, first_seq, *values)]) == [claim.job_id]


async def rest(events: AsyncGenerator[Event]) -> list[int]:
    """The numbers of all events to come."""
    async with asyncio.timeout(60), aclosing(events):
        return [event.seq async for event in events]


async def test_many_readers_cost_one_read_for_each_batch(store: SqliteStore, reads: Reads) -> None:  # P12
    claim = await start_one(store)
    reader = StreamReader(store, _NEVER)
    streams = [reader.read(claim.job_id) for _ in range(100)]
    assert {(await anext(stream)).seq for stream in streams} == {1}
    before = reads.count
    for seq in range(2, 22):
        waiting = [asyncio.ensure_future(anext(stream)) for stream in streams]
        await asyncio.sleep(0)
        await tell(store, claim, seq, "x")
        assert {event.seq for event in await asyncio.gather(*waiting)} == {seq}
    assert reads.count - before == 20
    await store.jobs.finish([complete(claim)])
    assert await asyncio.gather(*map(rest, streams)) == [[22]] * 100
    assert store.signals._wakes == {}


async def test_a_reader_that_fell_behind_reads_for_itself_and_misses_nothing(store: SqliteStore) -> None:  # P12
    claim = await start_one(store)
    reader = StreamReader(store, _NEVER)
    slow, quick = reader.read(claim.job_id), reader.read(claim.job_id)
    assert [(await anext(slow)).seq, (await anext(quick)).seq] == [1, 1]
    for seq in range(2, 102):
        await tell(store, claim, seq, "x" * 1000)
        assert (await anext(quick)).seq == seq
    seen = [(await anext(slow)).seq for _ in range(50)]
    await store.jobs.finish([complete(claim)])
    assert seen + await rest(slow) == list(range(2, 103))
    assert await rest(quick) == [102]


async def test_a_reader_that_takes_nothing_holds_one_batch(store: SqliteStore) -> None:  # I10, P12
    claim = await start_one(store)
    reader = StreamReader(store, _NEVER)
    frozen = [reader.read_as(claim.job_id, 0, len) for _ in range(10)]
    assert [await anext(stream) for stream in frozen] == [1] * 10
    quick = reader.read(claim.job_id)
    for seq in range(2, 102):
        await tell(store, claim, seq, "x" * 20_000)
    async with aclosing(quick):
        assert [(await anext(quick)).seq for _ in range(101)][-1] == 101
        gc.collect()
        assert sum(isinstance(each, Batch) for each in gc.get_objects()) <= 3  # of the readers' 100 and more
    await store.jobs.finish([complete(claim)])
    for stream in frozen:
        assert sum([count async for count in stream]) == 101


async def test_a_reader_that_leaves_does_not_take_the_read_from_the_others(store: SqliteStore, reads: Reads) -> None:
    claim = await start_one(store)
    reader = StreamReader(store, _NEVER)
    first, second = reader.read(claim.job_id), reader.read(claim.job_id)
    assert [(await anext(first)).seq, (await anext(second)).seq] == [1, 1]
    leaving, staying = asyncio.ensure_future(anext(first)), asyncio.ensure_future(anext(second))
    await asyncio.sleep(0)
    reads.gate.clear()
    reads.begun.clear()
    await tell(store, claim, 2, "x")
    await reads.begun.wait()
    leaving.cancel()
    await asyncio.wait([leaving])
    reads.gate.set()
    assert (await staying).seq == 2
    await second.aclose()
    assert store.signals._wakes == {}


async def test_trouble_of_the_store_reaches_every_reader_and_ends_with_it(store: SqliteStore, reads: Reads) -> None:
    claim = await start_one(store)
    reader = StreamReader(store, _NEVER)
    streams = [reader.read(claim.job_id) for _ in range(3)]
    assert {(await anext(stream)).seq for stream in streams} == {1}
    waiting = [asyncio.ensure_future(anext(stream)) for stream in streams[:2]]
    await asyncio.sleep(0)
    reads.is_in_trouble = True
    await tell(store, claim, 2, "x")
    for error in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(error, StoreUnavailable)
    reads.is_in_trouble = False
    await store.jobs.finish([complete(claim)])
    assert await rest(streams[2]) == [2, 3]
    assert await rest(reader.read(claim.job_id)) == [1, 2, 3]


async def test_numbers_beyond_the_end_hold_up_nobody(store: SqliteStore, reads: Reads) -> None:
    claim = await start_one(store)
    reader = StreamReader(store, _NEVER)
    beyond = asyncio.ensure_future(rest(reader.read(claim.job_id, after=2**63 - 1)))
    here = reader.read(claim.job_id)
    assert (await anext(here)).seq == 1
    for seq in range(2, 12):
        coming = asyncio.ensure_future(anext(here))
        await asyncio.sleep(0)
        await tell(store, claim, seq, "x")
        assert (await coming).seq == seq
    await store.jobs.finish([complete(claim)])
    assert await rest(here) == [12]
    assert await beyond == []
    assert reads.count < 20
    assert await rest(reader.read(claim.job_id, after=12)) == []


async def test_a_stream_that_was_reopened_goes_on_for_those_who_come_then(store: SqliteStore) -> None:  # I9
    claim = await start_one(store)
    reader = StreamReader(store, _NEVER)
    slow, quick = reader.read(claim.job_id), reader.read(claim.job_id)
    assert [(await anext(slow)).seq, (await anext(quick)).seq] == [1, 1]
    ending = asyncio.ensure_future(rest(quick))
    await asyncio.sleep(0)
    await store.jobs.finish([fail(claim)])
    assert await ending == [2]  # the slow reader keeps the tail, which has seen the end
    await store.jobs.retry(claim.job_id)
    late = asyncio.ensure_future(rest(reader.read(claim.job_id, after=2)))
    await store.jobs.finish([complete(await claim_one(store))])
    assert await late == [3, 4]
    await slow.aclose()


async def test_a_job_that_is_purged_is_unknown_to_all_who_wait(store: SqliteStore, reads: Reads) -> None:
    claim = await start_one(store)
    reader = StreamReader(store, _NEVER)
    streams = [reader.read(claim.job_id) for _ in range(2)]
    assert {(await anext(stream)).seq for stream in streams} == {1}
    waiting = [asyncio.ensure_future(anext(stream)) for stream in streams]
    await asyncio.sleep(0)
    reads.gate.clear()
    await store.jobs.finish([complete(claim)])
    await store.jobs.purge(claim.job_id)
    reads.gate.set()
    for error in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(error, UnknownJob)
    assert store.signals._wakes == {}


@pytest.mark.parametrize("seed", [1])
async def test_readers_of_every_pace_that_come_and_go_see_the_same(store: SqliteStore, seed: int) -> None:  # P12
    await _all_see_the_same(store, random.Random(seed), readers=20, batches=60, cuts=200)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(10))
async def test_thousands_of_cuts_lose_and_repeat_nothing(store: SqliteStore, seed: int) -> None:  # P12
    await _all_see_the_same(store, random.Random(seed), readers=50, batches=300, cuts=2000)


async def _all_see_the_same(store: SqliteStore, chance: random.Random, readers: int, batches: int, cuts: int) -> None:
    claim = await start_one(store)
    reader = StreamReader(store, _NEVER)
    chances = [random.Random(chance.random()) for _ in range(readers)]
    reading = [asyncio.ensure_future(_read_in_cuts(reader, claim.job_id, each, cuts // readers)) for each in chances]
    seq = 2
    for _ in range(batches):
        values = ["x" * chance.choice([1, 100, 30_000])] * chance.randint(1, 5)
        await tell(store, claim, seq, *values)
        seq += len(values)
    await store.jobs.finish([complete(claim)])
    for seen in await asyncio.gather(*reading):
        assert seen == list(range(1, seq + 1))
    assert store.signals._wakes == {}


async def _read_in_cuts(reader: StreamReader, job_id: str, chance: random.Random, cuts: int) -> list[int]:
    """What a reader saw that went away so many times, and took its time."""
    seen: list[int] = []
    for lives_left in range(cuts, -1, -1):
        events = reader.read(job_id, seen[-1] if seen else 0)
        patience = chance.randint(0, 20) if lives_left else 1 << 30
        async with aclosing(events):
            async for event in events:
                if not patience:
                    break
                patience -= 1
                seen.append(event.seq)
                for _ in range(chance.choice([0, 0, 0, 1, 30])):
                    await asyncio.sleep(0)
    return seen
