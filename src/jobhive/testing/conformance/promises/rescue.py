"""Rescuing: jobs of silent or dead workers move on, live ones are left alone, and nobody is blamed without evidence."""

import asyncio

import pytest

from jobhive.core.rescue import Death
from jobhive.core.states import State
from jobhive.store.port import Store
from jobhive.testing import (
    KILLED,
    SECOND,
    advance,
    asking,
    claim_one,
    complete,
    expire_leases,
    fail,
    insert_one,
    new_job,
    record_of,
    release,
    since,
    snapshot,
    start_one,
)

LOSS_LIMIT = 20


class Rescuing:
    async def test_live_leases_are_left_alone(self, store: Store) -> None:  # P6
        claim = await start_one(store)
        advance(store.lease / 2, store)
        before = await snapshot(store, claim.job_id)
        assert await store.jobs.rescue(10) == []
        assert await snapshot(store, claim.job_id) == before

    async def test_only_running_jobs_are_rescued(self, store: Store) -> None:
        for move in (complete, fail, release):
            await store.jobs.finish([move(await start_one(store))])
        await insert_one(store, delay_ms=10**9)
        expire_leases(store)
        assert await store.jobs.rescue(10) == []

    async def test_an_expired_job_is_pending_again(self, store: Store, other: Store) -> None:  # D9
        claim = await start_one(store, worker="gone")
        expire_leases(store, other)
        [rescued] = await other.jobs.rescue(10)
        assert (rescued.job_id, rescued.worker, rescued.verdict) == (claim.job_id, "gone", "pending")
        assert rescued.silence >= store.lease
        job = await record_of(store, claim.job_id)
        assert (job.state, job.losses, job.crashes, job.failures) == (State.PENDING, 1, 0, 0)
        assert (job.lease_until_ms, job.error) == (None, None)
        assert job.attempt == 1

    async def test_silence_counts_from_the_last_renewal(self, store: Store) -> None:
        claim = await start_one(store)
        advance(store.lease / 2, store)
        await store.jobs.renew([claim.receipt])
        advance(store.lease + 5 * SECOND, store)
        [rescued] = await store.jobs.rescue(10)
        assert store.lease + 5 * SECOND <= rescued.silence < store.lease * 1.5

    async def test_a_job_that_must_not_run_twice_fails(self, store: Store) -> None:  # D9
        claim = await start_one(store, on_crash="fail")
        expire_leases(store)
        assert [each.verdict for each in await store.jobs.rescue(10)] == ["failed"]
        job = await record_of(store, claim.job_id)
        assert (job.state, job.failures, job.lease_until_ms) == (State.FAILED, 0, None)
        assert job.finished_at_ms is not None
        assert job.error is not None
        assert job.error.code
        assert job.error.message
        [attempt] = await store.jobs.attempts(claim.job_id)
        assert (attempt.attempt, attempt.outcome) == (1, "lost")

    async def test_a_lost_attempt_is_recorded(self, store: Store) -> None:
        claim = await start_one(store, worker="gone")
        expire_leases(store)
        before = store.clock.now_ms()
        await store.jobs.rescue(10)
        [attempt] = await store.jobs.attempts(claim.job_id)
        assert (attempt.attempt, attempt.outcome, attempt.worker) == (1, "lost", "gone")
        assert attempt.started_at_ms == claim.claimed_at_ms
        assert attempt.ended_at_ms in since(before, store)

    async def test_a_limit_bounds_one_sweep(self, store: Store) -> None:
        await store.jobs.insert([new_job() for _ in range(5)])
        await store.jobs.claim(asking())
        expire_leases(store)
        sweeps = [len(await store.jobs.rescue(2)) for _ in range(4)]
        assert sweeps == [2, 2, 1, 0]

    async def test_many_rescuers_take_a_job_once(self, store: Store, other: Store) -> None:
        await store.jobs.insert([new_job() for _ in range(30)])
        claims = await store.jobs.claim(asking())
        expire_leases(store, other)
        sweeps = await asyncio.gather(*((store, other)[number % 2].jobs.rescue(100) for number in range(8)))
        taken = [each.job_id for sweep in sweeps for each in sweep]
        assert sorted(taken) == sorted(claim.job_id for claim in claims)
        assert {job.losses for job in await store.jobs.get(taken)} == {1}

    async def test_a_rescue_never_replaces_a_finish(self, store: Store, other: Store) -> None:  # B2
        await store.jobs.insert([new_job() for _ in range(30)])
        claims = await store.jobs.claim(asking())
        expire_leases(store, other)
        finishes = [store.jobs.finish([complete(claim, '"mine"')]) for claim in claims]
        answers, swept = await asyncio.gather(asyncio.gather(*finishes), other.jobs.rescue(100))
        finished = {job_id for answer in answers for job_id in answer}
        rescued = {each.job_id for each in swept}
        assert finished.isdisjoint(rescued)
        assert len(finished) + len(rescued) == 30
        for job in await store.jobs.get([claim.job_id for claim in claims]):
            assert job.result == ('"mine"' if job.job_id in finished else None)

    async def test_losses_are_no_evidence_until_there_are_twenty(self, store: Store) -> None:
        job_id = await insert_one(store)
        for losses in range(1, LOSS_LIMIT):
            await claim_one(store)
            expire_leases(store)
            assert [each.verdict for each in await store.jobs.rescue(10)] == ["pending"], losses
        await claim_one(store)
        expire_leases(store)
        assert [each.verdict for each in await store.jobs.rescue(10)] == ["failed"]
        job = await record_of(store, job_id)
        assert (job.state, job.losses, job.crashes, job.failures) == (State.FAILED, LOSS_LIMIT, 0, 0)
        assert job.error is not None

    async def test_all_jobs_of_a_dead_worker_are_taken(self, store: Store) -> None:  # P5
        mine = [await start_one(store, worker="dead") for _ in range(3)]
        foreign = await start_one(store, worker="alive")
        before = await snapshot(store, foreign.job_id)
        rescued = await store.jobs.rescue_from("dead")
        assert [(each.job_id, each.worker, each.verdict) for each in rescued] == [
            (claim.job_id, "dead", "pending") for claim in mine
        ]
        assert {job.losses for job in await store.jobs.get([claim.job_id for claim in mine])} == {1}
        assert await snapshot(store, foreign.job_id) == before
        assert await store.jobs.rescue_from("dead") == []

    async def test_a_worker_without_jobs_leaves_nothing_to_rescue(self, store: Store) -> None:
        assert await store.jobs.rescue_from("nobody", KILLED) == []

    @pytest.mark.parametrize("death", [None, KILLED, KILLED._replace(is_crash=False)])
    async def test_a_dead_workers_job_that_must_not_run_twice_fails(self, store: Store, death: Death | None) -> None:
        claim = await start_one(store, worker="w", on_crash="fail")
        assert [each.verdict for each in await store.jobs.rescue_from("w", death)] == ["failed"]
        assert (await record_of(store, claim.job_id)).state is State.FAILED

    async def test_a_dead_workers_job_that_was_to_stop_is_cancelled(self, store: Store) -> None:
        claim = await start_one(store, worker="w", on_crash="fail")
        await store.jobs.cancel(claim.job_id, "enough")
        assert [each.verdict for each in await store.jobs.rescue_from("w", KILLED)] == ["cancelled"]
        job = await record_of(store, claim.job_id)
        assert (job.state, job.reason) == (State.CANCELLED, "enough")

    async def test_a_rescued_job_goes_on_where_it_was_in_line(self, store: Store) -> None:
        first = await start_one(store)
        second = await insert_one(store)
        expire_leases(store)
        await store.jobs.rescue(10)
        assert [claim.job_id for claim in await store.jobs.claim(asking())] == [first.job_id, second]

    async def test_a_clock_set_back_takes_no_lease_away(self, store: Store, other: Store) -> None:  # P6
        claim = await start_one(store)
        advance(-store.lease * 100, other)
        assert await other.jobs.rescue(10) == []
        assert await store.jobs.finish([complete(claim)]) == [claim.job_id]

    async def test_a_lease_from_a_later_clock_ends_all_the_same(self, store: Store) -> None:  # P6
        hung, alive = await start_one(store, worker="hung"), await start_one(store, worker="alive")
        advance(-1000 * store.lease, store)
        assert await store.jobs.rescue(10) == []
        advance(9 * store.lease, store)
        assert await store.jobs.rescue(10) == []
        assert await store.jobs.renew([alive.receipt]) == [alive.job_id]
        advance(store.lease + SECOND, store)
        await store.jobs.renew([alive.receipt])
        assert [each.job_id for each in await store.jobs.rescue(10)] == [hung.job_id]
        assert await store.jobs.finish([complete(alive)]) == [alive.job_id]
