"""Operating: another life for what failed or was cancelled, the end of what is final, and nothing else."""

import pytest

from jobhive.core.errors import IllegalTransition, UnknownJob
from jobhive.core.record import JobFilter
from jobhive.core.states import State
from jobhive.store.port import Store
from jobhive.testing import (
    KILLED,
    SECOND,
    advance,
    append,
    asking,
    cancel,
    claim_any,
    claim_one,
    complete,
    expire_leases,
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


async def _in_state(store: Store, state: State) -> str:
    """A job in this state."""
    match state:
        case State.PENDING:
            return await insert_one(store)
        case State.SCHEDULED:
            return await insert_one(store, delay_ms=60_000)
        case State.COMPLETE | State.FAILED | State.CANCELLED:
            claim = await start_one(store)
            moves: dict[State, MakeMove] = {State.COMPLETE: complete, State.FAILED: fail, State.CANCELLED: cancel}
            await store.jobs.finish([moves[state](claim)])
            return claim.job_id
        case _:
            return (await start_one(store)).job_id


class Operating:
    async def test_a_failed_job_gets_another_life(self, store: Store) -> None:  # H11
        claim = await start_one(store, max_retries=1)
        await store.jobs.finish([retry(claim)])
        await store.jobs.finish([fail(await claim_one(store))])
        job = await store.jobs.retry(claim.job_id)
        assert job == await record_of(store, claim.job_id)
        assert (job.state, job.failures, job.attempt, job.max_retries) == (State.PENDING, 0, 2, 1)
        assert (job.finished_at_ms, job.lease_until_ms, job.run_at_ms) == (None, None, None)
        again = await claim_one(store, worker="b")
        assert (again.job_id, again.attempt, again.failures) == (claim.job_id, 3, 0)
        assert await store.jobs.finish([complete(again, "1")]) == [claim.job_id]

    async def test_another_life_keeps_the_record_of_the_former(self, store: Store) -> None:  # H11
        claim = await start_one(store)
        await store.jobs.finish([fail(claim)])
        before = await snapshot(store, claim.job_id)
        await store.jobs.retry(claim.job_id)
        after = await snapshot(store, claim.job_id)
        assert after.attempts == before.attempts
        assert after.record.started_at_ms == before.record.started_at_ms
        assert after.record.created_at_ms == before.record.created_at_ms

    async def test_another_life_forgets_crashes_and_losses(self, store: Store) -> None:
        job_id = await insert_one(store)
        for _ in range(3):
            await claim_any(store, worker="w")
            await store.jobs.rescue_from("w", KILLED)
        assert (await record_of(store, job_id)).state is State.FAILED
        job = await store.jobs.retry(job_id)
        assert (job.crashes, job.losses) == (0, 0)
        await claim_one(store, worker="w")  # it is no suspect either
        assert [each.verdict for each in await store.jobs.rescue_from("w", KILLED)] == ["pending"]

    async def test_a_job_that_must_not_run_twice_may_be_retried_by_hand(self, store: Store) -> None:
        claim = await start_one(store, on_crash="fail")
        expire_leases(store)
        await store.jobs.rescue(10)
        assert (await store.jobs.retry(claim.job_id)).state is State.PENDING
        assert await store.jobs.finish([complete(await claim_one(store), "1")]) == [claim.job_id]

    @pytest.mark.parametrize("state", [State.PENDING, State.SCHEDULED, State.RUNNING, State.COMPLETE])
    async def test_only_failed_and_cancelled_jobs_are_retried(self, store: Store, state: State) -> None:  # H10
        job_id = await _in_state(store, state)
        before = await snapshot(store, job_id)
        with pytest.raises(IllegalTransition) as refusal:
            await store.jobs.retry(job_id)
        assert (refusal.value.job_id, refusal.value.state) == (job_id, state)
        assert f"{store.clock.now():%Y-%m-%d}" in str(refusal.value)
        assert await snapshot(store, job_id) == before

    async def test_a_second_retry_is_refused_and_harmless(self, store: Store) -> None:
        job_id = await _in_state(store, State.FAILED)
        await store.jobs.retry(job_id)
        before = await snapshot(store, job_id)
        with pytest.raises(IllegalTransition):
            await store.jobs.retry(job_id)
        assert await snapshot(store, job_id) == before

    @each_final_move
    async def test_a_purge_takes_everything_along(self, store: Store, move: MakeMove) -> None:  # D6
        claim, kept = await start_one(store), await start_one(store)
        await store.events.append([append(claim, 2, "gone"), append(kept, 2, "kept")])
        await store.jobs.finish([retry(claim), retry(kept)])
        again = await claim_one(store)
        await store.jobs.finish([move(again)])
        before = await snapshot(store, kept.job_id)
        await store.jobs.purge(again.job_id)
        assert await store.jobs.get([again.job_id]) == []
        assert await store.jobs.attempts(again.job_id) == []
        with pytest.raises(UnknownJob):
            await store.events.read(again.job_id, 0, 10)
        assert (await store.jobs.list(JobFilter(), 10, None)).jobs == [before.record]
        assert await snapshot(store, kept.job_id) == before

    async def test_an_id_used_again_after_a_purge_finds_nothing_of_the_old_job(self, store: Store) -> None:
        claim = await start_one(store)
        await store.events.append([append(claim, 2, "old")])
        await store.jobs.finish([fail(claim)])
        await store.jobs.purge(claim.job_id)
        await store.jobs.insert([new_job(job_id=claim.job_id)])
        assert await stored_chunks(store, claim.job_id) == []
        assert await store.jobs.attempts(claim.job_id) == []
        again = await claim_one(store)
        assert await store.events.append([append(again, 2, "new")]) == [claim.job_id]
        assert await store.jobs.finish([fail(again)]) == [claim.job_id]

    @pytest.mark.parametrize("state", [State.PENDING, State.SCHEDULED, State.RUNNING])
    async def test_only_final_jobs_are_purged(self, store: Store, state: State) -> None:  # D6
        job_id = await _in_state(store, state)
        before = await snapshot(store, job_id)
        with pytest.raises(IllegalTransition) as refusal:
            await store.jobs.purge(job_id)
        assert (refusal.value.job_id, refusal.value.state) == (job_id, state)
        assert await snapshot(store, job_id) == before

    async def test_unknown_jobs_are_neither_retried_nor_purged(self, store: Store) -> None:
        unknown = new_job().job_id
        with pytest.raises(UnknownJob):
            await store.jobs.retry(unknown)
        with pytest.raises(UnknownJob):
            await store.jobs.purge(unknown)

    async def test_counts_name_every_state(self, store: Store) -> None:
        assert dict(await store.jobs.counts()) == dict.fromkeys(State, 0)
        stored = [State.PENDING] * 3 + [State.SCHEDULED] * 2 + [State.RUNNING, State.COMPLETE] * 2
        stored += [State.FAILED, State.CANCELLED]
        for state in stored:
            await _in_state(store, state)
        expected = {state: stored.count(state) for state in State}
        assert dict(await store.jobs.counts()) == expected

    async def test_time_that_passes_alone_changes_nothing(self, store: Store) -> None:
        ids = [await _in_state(store, state) for state in State if state is not State.WAITING]
        before = [await snapshot(store, job_id) for job_id in ids]
        advance(1000 * store.lease, store)
        advance(SECOND, store)
        assert len(await store.jobs.peek(["default"], ["noop"], 10)) == 1
        assert [await snapshot(store, job_id) for job_id in ids] == before
        assert len(await store.jobs.claim(asking(limit=0))) == 0
