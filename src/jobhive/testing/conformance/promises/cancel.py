"""Cancelling: at once where nothing runs, a request where something does, and never twice."""

import pytest

from jobhive.core.errors import IllegalTransition, UnknownJob
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
    expire_leases,
    fail,
    insert_one,
    new_job,
    record_of,
    since,
    snapshot,
    start_one,
)
from jobhive.testing.conformance.moves import MINUTE, MakeMove, each_returning_move


class Cancelling:
    @pytest.mark.parametrize("delay_ms", [0, 60_000], ids=["pending", "scheduled"])
    async def test_what_does_not_run_is_cancelled_at_once(self, store: Store, delay_ms: int) -> None:  # I5
        job_id = await insert_one(store, delay_ms=delay_ms)
        before = store.clock.now_ms()
        job = await store.jobs.cancel(job_id, "not needed")
        assert job == await record_of(store, job_id)
        assert (job.state, job.reason, job.started_at_ms) == (State.CANCELLED, "not needed", None)
        assert (job.finished_at_ms or 0) in since(before, store)

    async def test_a_cancelled_job_is_never_claimed(self, store: Store) -> None:
        pending, scheduled = await insert_one(store), await insert_one(store, delay_ms=10)
        for job_id in (pending, scheduled):
            await store.jobs.cancel(job_id, "")
        advance(SECOND, store)
        assert await store.jobs.stage(10) == 0
        assert await store.jobs.claim(asking()) == []
        assert await store.jobs.claim_one(pending, asking()) is None
        assert await store.jobs.next_due() is None

    async def test_a_cancelled_job_stays_so(self, store: Store) -> None:  # I5
        job_id = await insert_one(store)
        first = await store.jobs.cancel(job_id, "first")
        advance(SECOND, store)
        assert await store.jobs.cancel(job_id, "second") == first
        assert await record_of(store, job_id) == first

    async def test_a_running_job_is_only_asked(self, store: Store, other: Store) -> None:  # I5
        claim, bystander = await start_one(store), await start_one(store)
        assert await store.jobs.cancel_requests([claim.receipt, bystander.receipt]) == []
        before = store.clock.now_ms()
        job = await other.jobs.cancel(claim.job_id, "enough")
        assert (job.state, job.finished_at_ms, job.token) == (State.RUNNING, None, claim.token)
        assert (job.cancel_requested_at_ms or 0) in since(before, store)
        assert job == await record_of(store, claim.job_id)
        assert await store.jobs.cancel_requests([bystander.receipt, claim.receipt]) == [claim.job_id]

    async def test_asking_twice_is_asking_once(self, store: Store) -> None:  # I5
        claim = await start_one(store)
        first = await store.jobs.cancel(claim.job_id, "enough")
        advance(SECOND, store)
        again = await store.jobs.cancel(claim.job_id, "really")
        assert again.cancel_requested_at_ms == first.cancel_requested_at_ms
        assert await store.jobs.cancel_requests([claim.receipt]) == [claim.job_id]

    async def test_an_asked_job_is_still_its_owners(self, store: Store) -> None:
        claim = await start_one(store)
        await store.jobs.cancel(claim.job_id, "enough")
        assert await store.jobs.renew([claim.receipt]) == [claim.job_id]
        assert await store.events.append([append(claim, 2, "last words")]) == [claim.job_id]
        assert await store.jobs.claim(asking("b")) == []

    async def test_the_owner_makes_it_cancelled(self, store: Store) -> None:  # I5
        claim = await start_one(store)
        await store.jobs.cancel(claim.job_id, "enough")
        assert await store.jobs.finish([cancel(claim, "enough")]) == [claim.job_id]
        job = await record_of(store, claim.job_id)
        assert (job.state, job.reason, job.lease_until_ms) == (State.CANCELLED, "enough", None)
        assert await store.jobs.cancel_requests([claim.receipt]) == []

    async def test_a_handler_that_was_done_first_has_its_result(self, store: Store) -> None:
        claim = await start_one(store)
        await store.jobs.cancel(claim.job_id, "enough")
        assert await store.jobs.finish([complete(claim, '"done"')]) == [claim.job_id]
        job = await record_of(store, claim.job_id)
        assert (job.state, job.result) == (State.COMPLETE, '"done"')

    async def test_the_rescuer_makes_it_cancelled_where_the_owner_is_gone(self, store: Store) -> None:
        claims = [await start_one(store, on_crash=on_crash) for on_crash in ("retry", "fail")]
        for claim in claims:
            await store.jobs.cancel(claim.job_id, "enough")
        expire_leases(store)
        assert [(each.job_id, each.verdict) for each in await store.jobs.rescue(10)] == [
            (claim.job_id, "cancelled") for claim in claims
        ]
        for job in await store.jobs.get([claim.job_id for claim in claims]):
            assert (job.state, job.reason, job.lease_until_ms) == (State.CANCELLED, "enough", None)
            assert job.finished_at_ms is not None

    @each_returning_move
    async def test_a_request_is_not_lost_when_the_job_is_given_back(self, store: Store, move: MakeMove) -> None:  # I5
        claim = await start_one(store)
        await store.jobs.cancel(claim.job_id, "enough")
        assert await store.jobs.finish([move(claim)]) == [claim.job_id]
        job = await record_of(store, claim.job_id)
        assert (job.state, job.reason, job.run_at_ms) == (State.CANCELLED, "enough", None)
        advance(10 * MINUTE, store)
        await store.jobs.stage(10)
        assert await store.jobs.claim(asking("b")) == []

    @pytest.mark.parametrize("move", [complete, fail])
    async def test_a_finished_job_cannot_be_cancelled(self, store: Store, move: MakeMove) -> None:  # D6
        claim = await start_one(store)
        await store.jobs.finish([move(claim)])
        before = await snapshot(store, claim.job_id)
        with pytest.raises(IllegalTransition) as refusal:
            await store.jobs.cancel(claim.job_id, "too late")
        assert (refusal.value.job_id, refusal.value.state) == (claim.job_id, before.record.state)
        assert f"{store.clock.now():%Y-%m-%d}" in str(refusal.value)
        assert await snapshot(store, claim.job_id) == before

    async def test_an_unknown_job_cannot_be_cancelled(self, store: Store) -> None:
        unknown = new_job().job_id
        with pytest.raises(UnknownJob) as refusal:
            await store.jobs.cancel(unknown, "who?")
        assert refusal.value.job_id == unknown

    async def test_requests_are_told_to_the_present_owner_only(self, store: Store) -> None:  # B2
        stale = await start_one(store)
        expire_leases(store)
        fresh = await claim_one(store, worker="b")
        await store.jobs.cancel(fresh.job_id, "enough")
        assert await store.jobs.cancel_requests([stale.receipt]) == []
        assert await store.jobs.cancel_requests([fresh.receipt]) == [fresh.job_id]

    async def test_a_cancelled_job_may_be_retried_and_runs(self, store: Store) -> None:  # H11
        claim = await start_one(store)
        await store.jobs.cancel(claim.job_id, "enough")
        await store.jobs.finish([cancel(claim)])
        job = await store.jobs.retry(claim.job_id)
        assert (job.state, job.cancel_requested_at_ms, job.reason, job.finished_at_ms) == (
            State.PENDING,
            None,
            None,
            None,
        )
        again = await claim_one(store, worker="b")
        assert again.attempt == 2
        assert await store.jobs.cancel_requests([again.receipt]) == []
        assert await store.jobs.finish([complete(again)]) == [again.job_id]
