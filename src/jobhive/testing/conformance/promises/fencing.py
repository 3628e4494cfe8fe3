"""Fencing: whoever lost a job can change nothing about it, however late and whatever is written."""

from collections.abc import Awaitable, Callable

import pytest

from jobhive.core.clock import to_milliseconds
from jobhive.core.receipt import Claim, Receipt
from jobhive.core.states import State
from jobhive.store.port import Store
from jobhive.testing import (
    SECOND,
    advance,
    append,
    asking,
    claim_one,
    complete,
    expire_leases,
    fail,
    head_of,
    insert_one,
    new_job,
    record_of,
    release,
    since,
    snapshot,
    start_one,
)
from jobhive.testing.conformance.moves import MakeMove, each_final_move, each_move, each_returning_move

Write = Callable[[Store, Claim], Awaitable[list[str]]]


async def _renew(store: Store, claim: Claim) -> list[str]:
    return await store.jobs.renew([claim.receipt])


async def _append_at_the_end(store: Store, claim: Claim) -> list[str]:
    head = await head_of(store, claim.job_id)
    return await store.events.append([append(claim, head.last_seq + 1, "late", progress='{"stage":"late"}')])


async def _append_where_it_was(store: Store, claim: Claim) -> list[str]:
    """Where a writer believes the stream to end that knows of nothing since its claim."""
    return await store.events.append([append(claim, claim.last_seq + 1, "late")])


each_write = pytest.mark.parametrize("write", [_renew, _append_at_the_end, _append_where_it_was])

GARBAGE_TOKENS = {"zero": 0, "one": 1, "negative": -1, "lowest": -(2**63), "highest": 2**63 - 1}


async def _rescued(store: Store, other: Store) -> Claim:
    """A claim whose lease ran out and whose job was taken from it; nobody has claimed it since."""
    stale = await start_one(store)
    expire_leases(store, other)
    assert [each.job_id for each in await other.jobs.rescue(10)] == [stale.job_id]
    return stale


async def _reclaimed(store: Store, other: Store) -> tuple[Claim, Claim]:
    """The same, and the claim of the job's new owner."""
    stale = await _rescued(store, other)
    return stale, await claim_one(other, worker="b")


class Fencing:
    @each_move
    async def test_a_rescued_job_refuses_its_old_owner(self, store: Store, other: Store, move: MakeMove) -> None:
        stale = await _rescued(store, other)  # B2, P4
        before = await snapshot(store, stale.job_id)
        assert await store.jobs.finish([move(stale)]) == []
        assert await snapshot(store, stale.job_id) == before
        assert before.record.state is State.PENDING

    @each_write
    async def test_a_rescued_job_refuses_signs_of_its_old_owner(self, store: Store, other: Store, write: Write) -> None:
        stale = await _rescued(store, other)  # B2, P4
        before = await snapshot(store, stale.job_id)
        assert await write(store, stale) == []
        assert await snapshot(store, stale.job_id) == before

    @each_move
    async def test_a_stale_owner_changes_nothing(self, store: Store, other: Store, move: MakeMove) -> None:  # B2, P4
        stale, fresh = await _reclaimed(store, other)
        before = await snapshot(store, stale.job_id)
        assert await store.jobs.finish([move(stale)]) == []
        assert await snapshot(store, stale.job_id) == before
        assert await other.jobs.finish([complete(fresh, '"right"')]) == [fresh.job_id]
        assert (await record_of(store, fresh.job_id)).result == '"right"'

    @each_write
    async def test_a_stale_owner_gives_no_sign(self, store: Store, other: Store, write: Write) -> None:  # B2, P4
        stale, fresh = await _reclaimed(store, other)
        before = await snapshot(store, stale.job_id)
        assert await write(store, stale) == []
        assert await snapshot(store, stale.job_id) == before
        assert await write(other, fresh) == [fresh.job_id]

    @each_move
    async def test_a_stale_owner_never_replaces_a_result(self, store: Store, other: Store, move: MakeMove) -> None:
        stale, fresh = await _reclaimed(store, other)  # B2, P4
        await other.jobs.finish([complete(fresh, '"right"')])
        before = await snapshot(store, stale.job_id)
        assert await store.jobs.finish([move(stale)]) == []
        assert await snapshot(store, stale.job_id) == before

    @each_move
    async def test_a_job_failed_by_the_rescuer_refuses_its_owner(
        self, store: Store, other: Store, move: MakeMove
    ) -> None:  # B2, P4
        stale = await start_one(store, on_crash="fail")
        expire_leases(store, other)
        await other.jobs.rescue(10)
        before = await snapshot(store, stale.job_id)
        assert before.record.state is State.FAILED
        assert await store.jobs.finish([move(stale)]) == []
        assert await snapshot(store, stale.job_id) == before

    @each_move
    async def test_a_job_cancelled_by_the_rescuer_refuses_its_owner(
        self, store: Store, other: Store, move: MakeMove
    ) -> None:  # B2, P4
        stale = await start_one(store)
        await other.jobs.cancel(stale.job_id, "enough")
        expire_leases(store, other)
        await other.jobs.rescue(10)
        before = await snapshot(store, stale.job_id)
        assert before.record.state is State.CANCELLED
        assert await store.jobs.finish([move(stale)]) == []
        assert await snapshot(store, stale.job_id) == before

    @each_returning_move
    @each_write
    async def test_a_job_given_away_refuses_signs(self, store: Store, move: MakeMove, write: Write) -> None:  # B2
        claim = await start_one(store)
        await store.jobs.finish([move(claim)])
        before = await snapshot(store, claim.job_id)
        assert await write(store, claim) == []
        assert await snapshot(store, claim.job_id) == before

    @each_final_move
    @each_write
    async def test_a_final_job_refuses_signs(self, store: Store, move: MakeMove, write: Write) -> None:  # B2
        claim = await start_one(store)
        await store.jobs.finish([move(claim)])
        before = await snapshot(store, claim.job_id)
        assert await write(store, claim) == []
        assert await snapshot(store, claim.job_id) == before

    @each_move
    async def test_a_former_attempt_is_stale_for_its_own_worker_too(self, store: Store, move: MakeMove) -> None:  # B2
        former = await start_one(store, worker="a")
        await store.jobs.finish([release(former)])
        await claim_one(store, worker="a")
        before = await snapshot(store, former.job_id)
        await store.jobs.finish([move(former)])
        assert await snapshot(store, former.job_id) == before

    async def test_an_operators_retry_leaves_the_old_owner_nothing(self, store: Store) -> None:  # B2
        old = await start_one(store)
        await store.jobs.finish([fail(old)])
        await store.jobs.retry(old.job_id)
        before = await snapshot(store, old.job_id)
        assert await store.jobs.finish([complete(old, '"late"')]) == []
        assert await _renew(store, old) == []
        assert await _append_at_the_end(store, old) == []
        assert await _append_where_it_was(store, old) == []
        assert await snapshot(store, old.job_id) == before

    @pytest.mark.parametrize("token", GARBAGE_TOKENS.values(), ids=GARBAGE_TOKENS)
    async def test_a_token_that_was_never_given_is_refused(self, store: Store, token: int) -> None:  # B2
        claim, pending = await start_one(store), await insert_one(store)
        await store.jobs.cancel(claim.job_id, "enough")
        for forged in (claim._replace(token=token), claim._replace(job_id=pending, token=token)):
            before = await snapshot(store, forged.job_id)
            assert await store.jobs.finish([complete(forged, '"forged"'), fail(forged)]) == []
            for write in (_renew, _append_at_the_end, _append_where_it_was):
                assert await write(store, forged) == []
            assert await store.jobs.cancel_requests([forged.receipt]) == []
            assert await snapshot(store, forged.job_id) == before

    async def test_a_token_one_off_is_refused(self, store: Store) -> None:  # B2
        claim = await start_one(store)
        for token in (claim.token - 1, claim.token + 1, claim.token + (1 << 32), claim.token >> 32, -claim.token):
            assert await store.jobs.finish([complete(Receipt(claim.job_id, token))]) == []
        assert (await record_of(store, claim.job_id)).state is State.RUNNING

    async def test_a_token_opens_only_its_own_job(self, store: Store) -> None:  # B2
        mine, foreign = await start_one(store), await start_one(store, worker="b")
        assert mine.token != foreign.token
        assert await store.jobs.finish([complete(Receipt(foreign.job_id, mine.token))]) == []
        assert (await record_of(store, foreign.job_id)).state is State.RUNNING

    @pytest.mark.parametrize("job_id", ["", "job-", "job-0", "'; --", "job-\x00", "🐝", "x" * 10_000])
    async def test_a_receipt_for_no_job_is_refused(self, store: Store, job_id: str) -> None:
        claim = await start_one(store)
        nobody = Receipt(job_id, claim.token)
        assert await store.jobs.finish([complete(nobody)]) == []
        assert await store.jobs.renew([nobody]) == []
        assert await store.events.append([append(nobody, 2, "x")]) == []
        assert await store.jobs.cancel_requests([nobody]) == []

    async def test_a_purged_job_stays_gone_for_its_owner(self, store: Store) -> None:
        claim = await start_one(store)
        await store.jobs.finish([complete(claim)])
        await store.jobs.purge(claim.job_id)
        assert await store.jobs.finish([complete(claim, '"again"'), release(claim)]) == []
        assert await store.jobs.get([claim.job_id]) == []

    async def test_an_expired_lease_that_nobody_took_is_still_ours(self, store: Store) -> None:
        claim = await start_one(store)
        expire_leases(store)
        assert await store.jobs.renew([claim.receipt]) == [claim.job_id]
        assert await store.jobs.rescue(10) == []
        expire_leases(store)
        assert await store.events.append([append(claim, 2, "x")]) == [claim.job_id]
        assert await store.jobs.finish([complete(claim)]) == [claim.job_id]

    async def test_renewing_extends_by_one_lease_from_now(self, store: Store) -> None:  # D9
        claim = await start_one(store)
        advance(store.lease * 0.75, store)
        before = store.clock.now_ms()
        assert await store.jobs.renew([claim.receipt]) == [claim.job_id]
        renewed = (await record_of(store, claim.job_id)).lease_until_ms or 0
        assert renewed - to_milliseconds(store.lease) in since(before, store)
        advance(store.lease * 0.75, store)
        assert await store.jobs.rescue(10) == []
        advance(store.lease * 0.25 + SECOND, store)
        assert [each.job_id for each in await store.jobs.rescue(10)] == [claim.job_id]

    async def test_renewing_answers_which_are_still_ours(self, store: Store) -> None:
        kept, lost, unknown = await start_one(store), await start_one(store), Receipt(new_job().job_id, 1 << 32)
        await store.jobs.finish([release(lost)])
        await store.jobs.claim_one(lost.job_id, asking("b"))
        before = await snapshot(store, lost.job_id)
        assert await store.jobs.renew([lost.receipt, unknown, kept.receipt]) == [kept.job_id]
        assert await snapshot(store, lost.job_id) == before
