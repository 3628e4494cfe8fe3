"""Finishing: what an attempt led to is written once, and its state, record and stream change together."""

import pytest

from jobhive.core.clock import to_milliseconds
from jobhive.core.event import ATTEMPT
from jobhive.core.outcome import JobError
from jobhive.core.record import AttemptRecord
from jobhive.core.states import State
from jobhive.store.port import Store
from jobhive.testing import (
    BROKEN,
    SECOND,
    advance,
    append,
    asking,
    cancel,
    claim_one,
    complete,
    fail,
    new_job,
    record_of,
    release,
    retry,
    since,
    snapshot,
    snooze,
    start_one,
    stored_events,
)
from jobhive.testing.conformance.moves import MINUTE, MakeMove, each_move, each_returning_move


class Finishing:
    async def test_completing_records_the_result(self, store: Store) -> None:  # B2
        claim = await start_one(store)
        advance(SECOND, store)
        before = store.clock.now_ms()
        assert await store.jobs.finish([complete(claim, '{"sum":3}', '{"tokens_out":2}')]) == [claim.job_id]
        job = await record_of(store, claim.job_id)
        assert (job.state, job.result, job.ending) == (State.COMPLETE, '{"sum":3}', '{"tokens_out":2}')
        assert (job.finished_at_ms or 0) in since(before, store)
        assert (job.lease_until_ms, job.error, job.reason, job.failures) == (None, None, None, 0)
        assert (job.worker, job.claimed_at_ms, job.token) == ("a", claim.claimed_at_ms, claim.token)
        assert await store.jobs.attempts(claim.job_id) == []

    async def test_failing_records_the_error(self, store: Store) -> None:  # H11
        claim = await start_one(store)
        error = JobError("KeyError", "'ключ' 🐝", "Traceback …\n  line", "INVALID_RESULT")
        assert await store.jobs.finish([fail(claim, error)]) == [claim.job_id]
        job = await record_of(store, claim.job_id)
        assert (job.state, job.error, job.failures) == (State.FAILED, error, 1)
        assert (job.result, job.lease_until_ms) == (None, None)
        attempt = AttemptRecord(1, "failed", claim.claimed_at_ms, job.finished_at_ms or 0, "a", error)
        assert await store.jobs.attempts(claim.job_id) == [attempt]

    async def test_cancelling_records_the_reason(self, store: Store) -> None:
        claim = await start_one(store)
        assert await store.jobs.finish([cancel(claim, "no longer wanted")]) == [claim.job_id]
        job = await record_of(store, claim.job_id)
        assert (job.state, job.reason, job.failures) == (State.CANCELLED, "no longer wanted", 0)
        [attempt] = await store.jobs.attempts(claim.job_id)
        assert (attempt.attempt, attempt.outcome, attempt.error) == (1, "cancelled", None)

    async def test_a_retry_waits_for_its_delay_and_counts_a_failure(self, store: Store) -> None:  # H11
        claim = await start_one(store)
        before = store.clock.now_ms()
        assert await store.jobs.finish([retry(claim, MINUTE)]) == [claim.job_id]
        job = await record_of(store, claim.job_id)
        assert (job.state, job.failures, job.error, job.lease_until_ms) == (State.SCHEDULED, 1, BROKEN, None)
        assert (job.run_at_ms or 0) - to_milliseconds(MINUTE) in since(before, store)
        assert (job.finished_at_ms, job.result, job.reason) == (None, None, None)
        [attempt] = await store.jobs.attempts(claim.job_id)
        assert (attempt.attempt, attempt.outcome, attempt.error) == (1, "failed", BROKEN)

    async def test_a_snooze_waits_and_counts_no_failure(self, store: Store) -> None:
        claim = await start_one(store)
        assert await store.jobs.finish([snooze(claim, MINUTE)]) == [claim.job_id]
        job = await record_of(store, claim.job_id)
        assert (job.state, job.failures, job.error) == (State.SCHEDULED, 0, None)
        [attempt] = await store.jobs.attempts(claim.job_id)
        assert (attempt.attempt, attempt.outcome, attempt.error) == (1, "snoozed", None)

    async def test_a_release_is_pending_at_once_and_spends_nothing(self, store: Store) -> None:  # P16
        claim = await start_one(store)
        assert await store.jobs.finish([release(claim)]) == [claim.job_id]
        job = await record_of(store, claim.job_id)
        assert (job.state, job.failures, job.crashes, job.losses, job.error) == (State.PENDING, 0, 0, 0, None)
        assert (job.lease_until_ms, job.run_at_ms) == (None, None)
        [attempt] = await store.jobs.attempts(claim.job_id)
        assert (attempt.attempt, attempt.outcome, attempt.error) == (1, "released", None)

    async def test_failures_add_up_and_reach_the_next_claim(self, store: Store) -> None:
        claim = await start_one(store)
        for failures in (1, 2, 3):
            await store.jobs.finish([retry(claim)])
            claim = await claim_one(store)
            assert claim.failures == failures
            await store.jobs.finish([release(claim)])
            claim = await claim_one(store)
            assert claim.failures == failures
        outcomes = [(each.attempt, each.outcome) for each in await store.jobs.attempts(claim.job_id)]
        assert outcomes == list(enumerate(["failed", "released"] * 3, 1))

    async def test_an_attempt_is_told_with_its_own_worker_and_times(self, store: Store) -> None:  # H11
        first = await start_one(store, worker="a")
        await store.jobs.finish([retry(first)])
        advance(SECOND, store)
        second = await claim_one(store, worker="b")
        advance(SECOND, store)
        await store.jobs.finish([fail(second)])
        one, two = await store.jobs.attempts(first.job_id)
        assert (one.worker, one.started_at_ms) == ("a", first.claimed_at_ms)
        assert (two.worker, two.started_at_ms) == ("b", second.claimed_at_ms)
        assert one.ended_at_ms < two.started_at_ms < two.ended_at_ms

    async def test_an_error_survives_a_later_success_in_its_attempt(self, store: Store) -> None:  # H11
        first = await start_one(store)
        await store.jobs.finish([retry(first)])
        second = await claim_one(store)
        await store.jobs.finish([complete(second, "1")])
        [attempt] = await store.jobs.attempts(first.job_id)
        assert attempt.error == BROKEN

    @each_move
    async def test_a_repeated_finish_counts_and_changes_nothing(self, store: Store, move: MakeMove) -> None:  # B2
        claim = await start_one(store)
        assert await store.jobs.finish([move(claim)]) == [claim.job_id]
        before = await snapshot(store, claim.job_id)
        advance(SECOND, store)
        assert await store.jobs.finish([move(claim)]) == [claim.job_id]
        assert await snapshot(store, claim.job_id) == before

    async def test_a_retry_repeated_after_it_came_due_counts_and_changes_nothing(self, store: Store) -> None:  # B2
        claim = await start_one(store)
        await store.jobs.finish([retry(claim)])
        await store.jobs.stage(10)
        before = await snapshot(store, claim.job_id)
        assert before.record.state is State.PENDING
        assert await store.jobs.finish([retry(claim)]) == [claim.job_id]
        assert await snapshot(store, claim.job_id) == before

    @pytest.mark.parametrize("second", [fail, cancel, release, retry, snooze])
    async def test_a_second_move_never_replaces_a_result(self, store: Store, second: MakeMove) -> None:  # B2
        claim = await start_one(store)
        await store.jobs.finish([complete(claim, '"first"')])
        before = await snapshot(store, claim.job_id)
        await store.jobs.finish([second(claim)])
        await store.jobs.finish([complete(claim, '"second"')])
        assert await snapshot(store, claim.job_id) == before

    @each_returning_move
    async def test_a_job_given_away_takes_no_result(self, store: Store, move: MakeMove) -> None:  # B2
        claim = await start_one(store)
        await store.jobs.finish([move(claim)])
        before = await snapshot(store, claim.job_id)
        assert await store.jobs.finish([complete(claim, '"late"')]) == []
        assert await store.jobs.finish([fail(claim)]) == []
        assert await snapshot(store, claim.job_id) == before

    async def test_two_moves_of_one_claim_in_one_call_write_the_first(self, store: Store) -> None:  # B2
        claim = await start_one(store)
        await store.jobs.finish([complete(claim, '"first"'), complete(claim, '"second"'), fail(claim)])
        job = await record_of(store, claim.job_id)
        assert (job.state, job.result, job.error) == (State.COMPLETE, '"first"', None)

    async def test_many_moves_of_all_sorts_go_in_one_call(self, store: Store) -> None:
        await store.jobs.insert([new_job() for _ in range(60)])
        claims = await store.jobs.claim(asking())
        sorts: list[MakeMove] = [complete, fail, retry, snooze, cancel, release]
        moves = [sorts[number % 6](claim) for number, claim in enumerate(claims)]
        assert sorted(await store.jobs.finish(moves)) == sorted(claim.job_id for claim in claims)
        counts = await store.jobs.counts()
        assert counts[State.COMPLETE] == counts[State.FAILED] == counts[State.CANCELLED] == 10
        assert counts[State.SCHEDULED] + counts[State.PENDING] == 30
        assert counts[State.RUNNING] == 0

    async def test_refused_moves_do_not_hold_back_the_others(self, store: Store) -> None:
        stale, mine, mine_too = await start_one(store), await start_one(store), await start_one(store)
        await store.jobs.finish([release(stale)])
        await store.jobs.claim_one(stale.job_id, asking("b"))
        before = await snapshot(store, stale.job_id)
        accepted = await store.jobs.finish([complete(mine), complete(stale), fail(stale), complete(mine_too)])
        assert sorted(accepted) == sorted([mine.job_id, mine_too.job_id])
        assert await snapshot(store, stale.job_id) == before

    async def test_no_moves_are_no_work(self, store: Store) -> None:
        assert await store.jobs.finish([]) == []
        assert await store.jobs.renew([]) == []
        assert await store.jobs.cancel_requests([]) == []

    async def test_the_terminal_move_comes_with_the_last_event(self, store: Store) -> None:  # I9
        claim = await start_one(store)
        await store.events.append([append(claim, 2, "one", "two")])
        await store.jobs.finish([complete(claim, "1")])
        head, chunks = await store.events.read(claim.job_id, 0, 10)
        assert (head.state, head.last_seq, head.result) == (State.COMPLETE, 3, "1")
        assert [chunk.last_seq for chunk in chunks] == [3]

    @pytest.mark.parametrize(("move", "reason"), [(retry, "retry"), (snooze, "snooze"), (release, "shutdown")])
    async def test_the_next_attempt_is_told_in_the_stream(
        self, store: Store, move: MakeMove, reason: str
    ) -> None:  # I9
        claim = await start_one(store)
        await store.events.append([append(claim, 2, "one")])
        await store.jobs.finish([move(claim)])
        _, marker = await stored_events(store, claim.job_id)
        assert (marker.seq, marker.type) == (3, ATTEMPT)
        assert (marker.data["n"], marker.data["reason"]) == (2, reason)
        assert "Traceback" not in str(marker.data)  # H14
        assert (await record_of(store, claim.job_id)).last_seq == 3
        assert (await claim_one(store)).last_seq == 3
