"""Staging: what is due becomes pending, no sooner, and the next time is known."""

import asyncio
from datetime import timedelta

import pytest

from jobhive.core.clock import to_milliseconds
from jobhive.core.states import State
from jobhive.store.port import Store
from jobhive.testing import (
    SECOND,
    advance,
    asking,
    claim_one,
    complete,
    insert_one,
    new_job,
    record_of,
    retry,
    since,
    snooze,
    start_one,
)
from jobhive.testing.conformance.moves import MINUTE

HOUR = timedelta(hours=1)


class Staging:
    async def test_a_delay_counts_from_the_stores_now(self, store: Store) -> None:  # H11, P6
        advance(1000 * HOUR, store)
        before = store.clock.now_ms()
        job = await record_of(store, await insert_one(store, delay_ms=60_000))
        assert job.state is State.SCHEDULED
        assert (job.run_at_ms or 0) - 60_000 in since(before, store)

    async def test_an_instant_wins_over_a_delay(self, store: Store) -> None:
        due = store.clock.now_ms() + 3_600_000
        job = await record_of(store, await insert_one(store, delay_ms=60_000, run_at_ms=due))
        assert (job.state, job.run_at_ms) == (State.SCHEDULED, due)

    @pytest.mark.parametrize("years", [0, 50])
    async def test_an_instant_in_the_past_is_now(self, store: Store, years: int) -> None:
        job_id = await insert_one(store, run_at_ms=store.clock.now_ms() - 1 - years * 31_557_600_000)
        assert (await claim_one(store)).job_id == job_id

    async def test_what_is_due_becomes_pending(self, store: Store) -> None:  # H11
        soon, later = await insert_one(store, delay_ms=60_000), await insert_one(store, delay_ms=3_600_000)
        assert await store.jobs.stage(10) == 0
        advance(2 * MINUTE, store)
        assert await store.jobs.stage(10) == 1
        assert [job.state for job in await store.jobs.get([soon, later])] == [State.PENDING, State.SCHEDULED]
        assert (await record_of(store, soon)).run_at_ms is None
        assert [claim.job_id for claim in await store.jobs.claim(asking())] == [soon]
        assert await store.jobs.stage(10) == 0

    async def test_a_limit_bounds_one_pass_and_the_most_overdue_go_first(self, store: Store) -> None:
        ids = [await insert_one(store, delay_ms=1000 * (5 - number)) for number in range(5)]
        advance(MINUTE, store)
        assert await store.jobs.stage(2) == 2
        assert {claim.job_id for claim in await store.jobs.claim(asking())} == {ids[4], ids[3]}
        assert [await store.jobs.stage(2) for _ in range(3)] == [2, 1, 0]

    async def test_many_stagers_move_a_job_once(self, store: Store, other: Store) -> None:
        await store.jobs.insert([new_job(delay_ms=1) for _ in range(50)])
        advance(MINUTE, store, other)
        staged = await asyncio.gather(*((store, other)[number % 2].jobs.stage(20) for number in range(8)))
        assert sum(staged) == 50

    async def test_staged_jobs_keep_their_age_and_priority(self, store: Store) -> None:  # H11
        delayed = await insert_one(store, delay_ms=1000)
        urgent = await insert_one(store, delay_ms=2000, priority=1)
        plain = await insert_one(store)
        advance(MINUTE, store)
        await store.jobs.stage(10)
        assert [claim.job_id for claim in await store.jobs.claim(asking())] == [urgent, delayed, plain]

    async def test_a_retry_and_a_snooze_come_due(self, store: Store) -> None:  # H11
        for move in (retry, snooze):
            claim = await start_one(store)
            await store.jobs.finish([move(claim, HOUR)])
            advance(HOUR - MINUTE, store)
            assert await store.jobs.stage(10) == 0
            advance(2 * MINUTE, store)
            assert await store.jobs.stage(10) == 1
            again = await claim_one(store)
            assert (again.job_id, await store.jobs.finish([complete(again)])) == (claim.job_id, [claim.job_id])

    async def test_the_next_time_is_known(self, store: Store) -> None:
        assert await store.jobs.next_due() is None
        await insert_one(store)
        assert await store.jobs.next_due() is None
        await insert_one(store, delay_ms=to_milliseconds(2 * HOUR))
        await insert_one(store, delay_ms=to_milliseconds(HOUR))
        due = await store.jobs.next_due()
        assert due is not None
        assert HOUR - MINUTE < due <= HOUR
        advance(HOUR + SECOND, store)
        assert await store.jobs.next_due() == timedelta(0)
        await store.jobs.stage(10)
        due = await store.jobs.next_due()
        assert due is not None
        assert HOUR - MINUTE < due <= HOUR
