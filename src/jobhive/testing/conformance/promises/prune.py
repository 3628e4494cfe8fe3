"""Pruning: what was kept long enough goes with all that belongs to it; everything else stays, whatever it waits for."""

from datetime import timedelta

import pytest

from jobhive.core.errors import UnknownJob
from jobhive.core.retention import Retention
from jobhive.core.states import State
from jobhive.store.port import Store
from jobhive.testing import (
    SECOND,
    advance,
    append,
    asking,
    cancel,
    claim_one,
    complete,
    fail,
    insert_one,
    new_job,
    record_of,
    retry,
    snapshot,
    start_one,
    stored_chunks,
)
from jobhive.testing.conformance.moves import MakeMove, each_final_move

DAY = timedelta(days=1)
ALL = frozenset((state, "noop") for state in State if state.is_final)
DAILY = Retention(DAY, ALL)


async def _sweep(store: Store, retention: Retention = DAILY, *, limit: int = 100) -> int:
    """From the oldest job to where jobs are too young; how many were deleted."""
    deleted, cursor = 0, None
    while True:
        pruned = await store.jobs.prune(retention, cursor, limit)
        deleted, cursor = deleted + pruned.jobs, pruned.cursor
        if pruned.is_done:
            return deleted


async def _ended(store: Store, move: MakeMove = complete, kind: str = "noop") -> str:
    job_id = await insert_one(store, kind)
    claim = await claim_one(store, kinds=[kind])
    await store.jobs.finish([move(claim)])
    return job_id


class Pruning:
    @each_final_move
    async def test_what_was_kept_long_enough_goes_with_all_that_is_its_own(  # S11
        self, store: Store, move: MakeMove
    ) -> None:
        claim, kept = await start_one(store), await start_one(store)
        await store.events.append([append(claim, 2, "old"), append(kept, 2, "kept")])
        await store.jobs.finish([retry(claim)])
        await store.jobs.finish([move(await claim_one(store))])
        before = await snapshot(store, kept.job_id)
        assert await _sweep(store) == 0
        advance(DAY - SECOND, store)
        assert await _sweep(store) == 0
        advance(2 * SECOND, store)
        assert await _sweep(store) == 1
        assert await store.jobs.get([claim.job_id]) == []
        assert await store.jobs.attempts(claim.job_id) == []
        with pytest.raises(UnknownJob):
            await store.events.read(claim.job_id, 0, 10)
        assert await snapshot(store, kept.job_id) == before

    async def test_only_the_sorts_that_were_named_go(self, store: Store) -> None:  # S11
        done, failed = await _ended(store), await _ended(store, fail)
        cancelled, other = await _ended(store, cancel), await _ended(store, kind="other")
        advance(2 * DAY, store)
        assert await _sweep(store, Retention(DAY, frozenset({(State.FAILED, "noop")}))) == 1
        assert [job.job_id for job in await store.jobs.get([done, failed, cancelled, other])] == [
            done,
            cancelled,
            other,
        ]
        assert await _sweep(store) == 2
        assert [job.job_id for job in await store.jobs.get([done, cancelled, other])] == [other]

    async def test_what_has_not_ended_is_kept_however_old(self, store: Store) -> None:  # S11
        ids = [await insert_one(store), await insert_one(store, delay_ms=10**12), (await start_one(store)).job_id]
        advance(1000 * DAY, store)
        before = [await snapshot(store, job_id) for job_id in ids]
        assert await _sweep(store) == 0
        assert [await snapshot(store, job_id) for job_id in ids] == before

    async def test_time_counts_from_the_end_and_not_from_the_arrival(self, store: Store) -> None:  # S11
        claim = await start_one(store)
        advance(10 * DAY, store)
        await store.jobs.finish([complete(claim)])
        assert await _sweep(store) == 0
        advance(DAY + SECOND, store)
        assert await _sweep(store) == 1

    async def test_another_life_keeps_a_job(self, store: Store) -> None:  # S11
        failed = await _ended(store, fail)
        advance(2 * DAY, store)
        await store.jobs.retry(failed)
        assert await _sweep(store) == 0
        assert (await record_of(store, failed)).state is State.PENDING

    async def test_small_steps_come_as_far_as_large_ones(self, store: Store) -> None:  # S11
        for _ in range(3):
            await insert_one(store, delay_ms=10**12)
            await store.jobs.insert([new_job() for _ in range(5)])
        while claims := await store.jobs.claim(asking()):
            await store.jobs.finish([complete(claim) for claim in claims])
        advance(2 * DAY, store)
        young = await _ended(store)
        assert await _sweep(store, limit=4) == 15
        assert await store.jobs.get([young]) != []

    async def test_a_young_job_whose_id_is_early_holds_up_no_old_one(self, store: Store) -> None:  # S11
        early = new_job()  # by a machine whose clock is behind
        for _ in range(5):
            await _ended(store)
        advance(2 * DAY, store)
        await store.jobs.insert([early])
        assert await _sweep(store, limit=2) == 5
        assert await store.jobs.get([early.job_id]) != []

    async def test_a_cursor_goes_on_where_it_stopped(self, store: Store) -> None:  # S11
        first = await _ended(store)
        advance(2 * DAY, store)
        pruned = await store.jobs.prune(DAILY, None, 100)
        assert (pruned.jobs, pruned.is_done) == (1, True)
        second = await _ended(store)
        again = await store.jobs.prune(DAILY, pruned.cursor, 100)
        assert (again.jobs, again.is_done) == (0, True)
        advance(2 * DAY, store)
        assert (await store.jobs.prune(DAILY, again.cursor, 100)).jobs == 1
        assert await store.jobs.get([first, second]) == []

    async def test_an_idempotency_key_lives_as_long_as_its_job(self, store: Store) -> None:  # S11, B4
        job_id = await insert_one(store, key="order-7")
        await store.jobs.finish([complete(await claim_one(store))])
        assert [each.is_new for each in await store.jobs.insert([new_job(key="order-7")])] == [False]
        advance(2 * DAY, store)
        assert await _sweep(store) == 1
        [again] = await store.jobs.insert([new_job(key="order-7")])
        assert again.is_new
        assert again.job_id != job_id

    async def test_an_id_used_again_after_pruning_finds_nothing_of_the_old_job(self, store: Store) -> None:  # S11
        claim = await start_one(store)
        await store.events.append([append(claim, 2, "old")])
        await store.jobs.finish([fail(claim)])
        advance(2 * DAY, store)
        assert await _sweep(store) == 1
        await store.jobs.insert([new_job(job_id=claim.job_id)])
        assert await stored_chunks(store, claim.job_id) == []
        assert await store.jobs.attempts(claim.job_id) == []

    async def test_jobs_from_a_later_clock_do_not_hold_up_the_others(self, store: Store) -> None:  # S11, P6
        advance(1000 * DAY, store)
        for _ in range(5):
            await insert_one(store)
        advance(-1000 * DAY, store)
        claim = await start_one(store)
        await store.jobs.finish([complete(claim)])
        advance(2 * DAY, store)
        assert await _sweep(store, limit=2) == 1
        assert await store.jobs.get([claim.job_id]) == []
