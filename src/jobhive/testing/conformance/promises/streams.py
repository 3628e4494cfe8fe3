"""Streams: numbered without a gap over all attempts, appended where the writer believes they end, or not at all."""

import asyncio

import pytest

from jobhive.core.event import ATTEMPT, END, ERROR, Append, Event
from jobhive.core.states import State
from jobhive.store.port import MOST_READ, Store
from jobhive.testing import (
    append,
    cancel,
    claim_one,
    complete,
    expire_leases,
    fail,
    head_of,
    insert_one,
    record_of,
    release,
    retry,
    since,
    snapshot,
    snooze,
    start_one,
    stored_chunks,
    stored_events,
)
from jobhive.testing.conformance.moves import MakeMove, each_final_move


def _told(events: list[Event]) -> list[tuple[int, str, object]]:
    return [(event.seq, event.type, event.data.get("value")) for event in events]


class Streams:
    async def test_a_job_that_tells_nothing_stores_no_event(self, store: Store) -> None:  # P12
        job_id = await insert_one(store)
        assert (await store.events.read(job_id, 0, 10)) == (await head_of(store, job_id), [])
        assert (await head_of(store, job_id)).last_seq == 0
        claim = await claim_one(store)
        assert (await head_of(store, job_id)).last_seq == 1
        await store.jobs.finish([complete(claim)])
        head, chunks = await store.events.read(job_id, 0, 10)
        assert (head.last_seq, chunks) == (1, [])

    async def test_the_head_tells_start_and_end(self, store: Store) -> None:  # I2
        claim = await start_one(store)
        head = await head_of(store, claim.job_id)
        assert (head.job_id, head.state, head.started_at_ms) == (claim.job_id, State.RUNNING, claim.claimed_at_ms)
        assert (head.finished_at_ms, head.result, head.ending, head.error, head.reason) == (None,) * 5
        await store.jobs.finish([complete(claim, "1", '{"stop_reason":"EOS"}')])
        head, job = await head_of(store, claim.job_id), await record_of(store, claim.job_id)
        assert (head.state, head.result, head.ending) == (State.COMPLETE, "1", '{"stop_reason":"EOS"}')
        assert (head.started_at_ms, head.finished_at_ms) == (job.started_at_ms, job.finished_at_ms)

    @each_final_move
    async def test_the_head_agrees_with_the_record(self, store: Store, move: MakeMove) -> None:
        claim = await start_one(store)
        await store.events.append([append(claim, 2, "one")])
        await store.jobs.finish([move(claim)])
        job = await record_of(store, claim.job_id)
        assert (await head_of(store, claim.job_id))._asdict().items() <= job._asdict().items()

    async def test_events_come_back_as_they_were_appended(self, store: Store) -> None:  # I3
        claim = await start_one(store)
        events = '[["token",5,{"t":"é🐝\\u0000","i":0}],["log",6,{"line":"\'--"}]]'
        assert await store.events.append([Append(claim.job_id, claim.token, 2, 3, events, None)]) == [claim.job_id]
        [chunk] = await stored_chunks(store, claim.job_id)
        assert chunk == (2, 3, events)
        assert (await record_of(store, claim.job_id)).last_seq == 3

    async def test_a_stream_grows_only_where_it_ends(self, store: Store) -> None:  # P12
        claim = await start_one(store)
        assert await store.events.append([append(claim, 2, "a", "b")]) == [claim.job_id]
        before = await snapshot(store, claim.job_id)
        for first_seq in (5, 6, 100):  # a gap
            assert await store.events.append([append(claim, first_seq, "x")]) == []
        for first_seq in (0, 1, -1):  # before the stream
            assert await store.events.append([append(claim, first_seq, "x")]) == []
        assert await store.events.append([append(claim, 2, "a", "b", "c")]) == []  # overlaps
        assert await store.events.append([append(claim, 3, "b", "c")]) == []
        assert await snapshot(store, claim.job_id) == before
        assert await store.events.append([append(claim, 4, "c")]) == [claim.job_id]

    async def test_a_repeated_append_counts_and_stores_nothing(self, store: Store) -> None:  # P12
        claim = await start_one(store)
        first, second = append(claim, 2, "a", "b"), append(claim, 4, "c")
        await store.events.append([first])
        assert await store.events.append([first]) == [claim.job_id]
        await store.events.append([second])
        before = await snapshot(store, claim.job_id)
        assert await store.events.append([first]) == [claim.job_id]
        assert await store.events.append([second]) == [claim.job_id]
        assert await snapshot(store, claim.job_id) == before

    async def test_an_append_needs_the_claim(self, store: Store) -> None:  # B2
        pending = await insert_one(store)
        assert await store.events.append([Append(pending, 0, 1, 1, '[["item",0,{}]]', None)]) == []
        assert (await head_of(store, pending)).last_seq == 0

    async def test_appends_of_many_jobs_go_in_one_call(self, store: Store) -> None:
        mine, foreign, mine_too = [await start_one(store) for _ in range(3)]
        await store.jobs.finish([release(foreign)])
        accepted = await store.events.append(
            [append(mine, 2, "a"), append(foreign, 3, "x"), append(mine_too, 2, "b"), append(mine_too, 9, "gap")]
        )
        assert accepted == [mine.job_id, mine_too.job_id]
        assert _told(await stored_events(store, mine_too.job_id)) == [(2, "item", "b")]

    async def test_batches_of_one_job_in_one_call_follow_each_other(self, store: Store) -> None:  # P12
        claim = await start_one(store)
        batches = [append(claim, 2, "a"), append(claim, 3, "b", "c"), append(claim, 5, "d")]
        assert set(await store.events.append(batches)) == {claim.job_id}
        told = [(2, "item", "a"), (3, "item", "b"), (4, "item", "c"), (5, "item", "d")]
        assert _told(await stored_events(store, claim.job_id)) == told

    async def test_no_appends_are_no_work(self, store: Store) -> None:
        assert await store.events.append([]) == []

    async def test_of_two_writers_at_one_place_one_is_refused(self, store: Store, other: Store) -> None:  # P12
        claim = await start_one(store)
        rivals = [append(claim, 2, *("x" * number)) for number in range(1, 9)]
        writes = [(store, other)[n % 2].events.append([rival]) for n, rival in enumerate(rivals)]
        accepted = [answer for answer in await asyncio.gather(*writes) if answer]
        assert accepted == [[claim.job_id]]
        chunks = await stored_chunks(store, claim.job_id)
        assert [chunk.last_seq for chunk in chunks] == [(await record_of(store, claim.job_id)).last_seq]

    @pytest.mark.parametrize("after", range(9))
    async def test_reading_resumes_exactly_behind_a_number(self, store: Store, after: int) -> None:  # I3, P12
        claim = await start_one(store)
        await store.events.append([append(claim, 2, "a", "b", "c")])
        await store.events.append([append(claim, 5, "d"), append(claim, 6, "e", "f")])
        told = [(2, "a"), (3, "b"), (4, "c"), (5, "d"), (6, "e"), (7, "f")]
        read = [(event.seq, event.data["value"]) for event in await stored_events(store, claim.job_id, after)]
        assert read == [pair for pair in told if pair[0] > after]
        assert all(chunk.last_seq > after for chunk in await stored_chunks(store, claim.job_id, after))

    @pytest.mark.parametrize("after", [2**63 - 2, 2**63 - 1])
    async def test_nothing_comes_after_the_last_number_that_could_be(self, store: Store, after: int) -> None:  # I3
        claim = await start_one(store)
        await store.events.append([append(claim, 2, "a", "b")])
        assert await store.events.read(claim.job_id, after, 10) == (await head_of(store, claim.job_id), [])

    async def test_reading_is_bounded_and_goes_on(self, store: Store) -> None:  # I10
        claim = await start_one(store)
        await store.events.append([append(claim, number, str(number)) for number in range(2, 12)])
        seen: list[int] = []
        while True:
            _, chunks = await store.events.read(claim.job_id, seen[-1] if seen else 0, 4)
            if not chunks:
                break
            assert len(chunks) <= 4
            seen += [chunk.first_seq for chunk in chunks]
        assert seen == list(range(2, 12))

    async def test_one_read_hands_out_no_more_text_than_a_reader_can_hold(self, store: Store) -> None:  # I10, P12
        claim = await start_one(store)
        half, whole = "x" * (MOST_READ // 2 + 1), "x" * MOST_READ
        await store.events.append(
            [append(claim, seq, text) for seq, text in enumerate((half, half, "a", whole, "b"), 2)]
        )
        for after, seen in ((0, [2, 3]), (3, [4, 5]), (4, [5]), (5, [6])):
            head, chunks = await store.events.read(claim.job_id, after, 10)
            assert ([chunk.first_seq for chunk in chunks], head.last_seq) == (seen, 6)

    async def test_head_and_batches_are_of_one_moment(self, store: Store, other: Store) -> None:  # P12
        claim = await start_one(store)

        async def tell() -> None:
            for seq in range(2, 102):
                await store.events.append([append(claim, seq, "x")])
            await store.jobs.finish([complete(claim)])

        telling = asyncio.ensure_future(tell())
        head = await head_of(other, claim.job_id)
        while not head.state.is_final:
            head, chunks = await other.events.read(claim.job_id, 0, 1000)
            assert [chunk.first_seq for chunk in chunks] == list(range(2, head.last_seq + 1))
        assert head.last_seq == 101
        await telling

    async def test_streams_do_not_mix(self, store: Store) -> None:
        one, two = await start_one(store), await start_one(store)
        await store.events.append([append(one, 2, "one"), append(two, 2, "two", "two")])
        assert _told(await stored_events(store, one.job_id)) == [(2, "item", "one")]
        assert _told(await stored_events(store, two.job_id)) == [(2, "item", "two"), (3, "item", "two")]

    async def test_the_newest_progress_stays(self, store: Store) -> None:  # S5
        claim = await start_one(store)
        await store.events.append([append(claim, 2, "a", progress='{"stage":"one"}')])
        await store.events.append([append(claim, 3, "b")])
        assert (await record_of(store, claim.job_id)).progress == '{"stage":"one"}'
        await store.events.append([append(claim, 4, "c", progress='{"stage":"two"}')])
        await store.jobs.finish([complete(claim)])
        assert (await record_of(store, claim.job_id)).progress == '{"stage":"two"}'

    async def test_numbers_go_on_over_all_attempts_without_a_gap(self, store: Store) -> None:  # I9, P12
        claim = await start_one(store)
        for move in (retry, snooze, release, None):
            assert claim.last_seq == (await head_of(store, claim.job_id)).last_seq
            await store.events.append([append(claim, claim.last_seq + 1, "x", "y")])
            expire_leases(store) if move is None else await store.jobs.finish([move(claim)])
            claim = await claim_one(store)
        await store.jobs.finish([complete(claim)])
        events = await stored_events(store, claim.job_id)
        assert [event.seq for event in events] == list(range(2, 2 + 3 * 4))
        assert [event.type for event in events] == ["item", "item", ATTEMPT] * 4
        assert [event.data["n"] for event in events if event.type == ATTEMPT] == [2, 3, 4, 5]
        assert (await head_of(store, claim.job_id)).last_seq == events[-1].seq

    async def test_a_rescued_job_tells_its_next_attempt(self, store: Store) -> None:  # I9
        stale = await start_one(store)
        await store.events.append([append(stale, 2, "lost")])
        expire_leases(store)
        await store.jobs.rescue(10)
        _, marker = await stored_events(store, stale.job_id)
        assert (marker.seq, marker.type, marker.data["n"]) == (3, ATTEMPT, 2)
        assert marker.data["reason"]
        assert (await record_of(store, stale.job_id)).last_seq == 3

    async def test_an_attempt_is_told_at_the_stores_time(self, store: Store) -> None:
        claim = await start_one(store)
        before = store.clock.now_ms()
        await store.jobs.finish([release(claim)])
        [marker] = await stored_events(store, claim.job_id)
        assert round(marker.at.timestamp() * 1000) in since(before, store)

    @pytest.mark.parametrize(("move", "terminal"), [(fail, ERROR), (cancel, END)])
    async def test_an_operators_retry_reopens_the_stream(self, store: Store, move: MakeMove, terminal: str) -> None:
        claim = await start_one(store)  # I9
        await store.events.append([append(claim, 2, "one")])
        await store.jobs.finish([move(claim)])
        assert (await head_of(store, claim.job_id)).last_seq == 2
        await store.jobs.retry(claim.job_id)
        one, ended, marker = await stored_events(store, claim.job_id)
        assert [(one.seq, one.type), (ended.seq, ended.type), (marker.seq, marker.type)] == [
            (2, "item"),
            (3, terminal),
            (4, ATTEMPT),
        ]
        assert marker.data["n"] == 2
        assert (await claim_one(store)).last_seq == 4

    async def test_a_reopened_stream_keeps_the_error_that_closed_it(self, store: Store) -> None:  # I6, I9
        claim = await start_one(store)
        await store.jobs.finish([fail(claim)])
        await store.jobs.retry(claim.job_id)
        closing, _ = await stored_events(store, claim.job_id)
        assert (closing.seq, closing.type) == (2, ERROR)
        assert closing.data == {"code": "JOB_ERROR", "message": "broken"}  # H14: no traceback

    async def test_a_stream_may_be_reopened_again_and_again(self, store: Store) -> None:  # I9
        claim = await start_one(store)
        for _ in range(3):
            await store.jobs.finish([fail(claim)])
            await store.jobs.retry(claim.job_id)
            claim = await claim_one(store)
        await store.jobs.finish([complete(claim)])
        events = await stored_events(store, claim.job_id)
        assert [(event.seq, event.type) for event in events] == list(enumerate([ERROR, ATTEMPT] * 3, 2))
        assert [event.data["n"] for event in events if event.type == ATTEMPT] == [2, 3, 4]

    async def test_a_job_cancelled_before_its_start_is_numbered_without_a_gap(self, store: Store) -> None:  # P12
        job_id = await insert_one(store)
        await store.jobs.cancel(job_id, "not yet")
        await store.jobs.retry(job_id)
        claim = await claim_one(store)
        await store.events.append([append(claim, claim.last_seq + 1, "x")])
        stored = [event.seq for event in await stored_events(store, job_id)]
        assert stored in (list(range(1, stored[-1] + 1)), list(range(2, stored[-1] + 1)))
        assert stored[-1] == (await head_of(store, job_id)).last_seq == claim.last_seq + 1
