"""Claiming: the right jobs in the right order, each under a token of its own."""

from datetime import timedelta

import pytest

from jobhive.core.clock import to_milliseconds
from jobhive.core.receipt import attempt_of
from jobhive.core.states import State
from jobhive.store.port import ClaimRequest, Store
from jobhive.testing import (
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
    retry,
    since,
    snapshot,
    snooze,
    start_one,
)


class Claiming:
    async def test_nothing_pending_is_nothing_to_claim(self, store: Store) -> None:
        assert await store.jobs.claim(asking()) == []
        assert await store.jobs.peek(["default"], ["noop"], 10) == []

    async def test_the_oldest_comes_first(self, store: Store) -> None:  # H11
        ids = [await insert_one(store) for _ in range(5)]
        assert [(await claim_one(store)).job_id for _ in ids] == ids

    async def test_a_higher_priority_comes_before_age(self, store: Store) -> None:  # H11
        low = await insert_one(store, priority=-5)
        plain, plain_too = await insert_one(store), await insert_one(store)
        high = await insert_one(store, priority=5)
        claims = await store.jobs.claim(asking())
        assert [claim.job_id for claim in claims] == [high, plain, plain_too, low]

    async def test_queues_come_in_the_order_asked(self, store: Store) -> None:  # H1
        default = await insert_one(store, priority=9)
        urgent, urgent_too = await insert_one(store, queue="urgent"), await insert_one(store, queue="urgent")
        await insert_one(store, queue="foreign", priority=99)
        claims = await store.jobs.claim(asking(queues=["urgent", "default"]))
        assert [claim.job_id for claim in claims] == [urgent, urgent_too, default]

    async def test_only_kinds_asked_for_are_claimed(self, store: Store) -> None:
        await insert_one(store, "foreign", priority=9)
        ours, ours_too = await insert_one(store, "mail"), await insert_one(store)
        claims = await store.jobs.claim(asking(kinds=["noop", "mail"]))
        assert [(claim.job_id, claim.kind) for claim in claims] == [(ours, "mail"), (ours_too, "noop")]
        assert await store.jobs.claim(asking(kinds=[])) == []
        assert await store.jobs.claim(asking(queues=[], kinds=["foreign"])) == []

    async def test_foreign_kinds_in_front_do_not_hide_ours(self, store: Store) -> None:
        await store.jobs.insert([new_job("foreign", priority=1) for _ in range(300)])
        ours = await insert_one(store)
        assert [claim.job_id for claim in await store.jobs.claim(asking(limit=2))] == [ours]

    async def test_a_limit_bounds_the_claim_over_all_queues(self, store: Store) -> None:
        first = await insert_one(store, queue="urgent")
        second, third = await insert_one(store), await insert_one(store)
        ask = asking(queues=["urgent", "default"], limit=2)
        assert [claim.job_id for claim in await store.jobs.claim(ask)] == [first, second]
        assert await store.jobs.claim(ask._replace(limit=0)) == []
        assert [claim.job_id for claim in await store.jobs.claim(ask)] == [third]

    async def test_a_claim_tells_what_an_attempt_needs(self, store: Store) -> None:
        job_id = await insert_one(
            store, "mail", queue="out", params='{"to":"x"}', owner="ada", key="k", priority=4, max_retries=7
        )
        before = store.clock.now_ms()
        claim = await claim_one(store, queues=["out"], kinds=["mail"])
        assert (claim.job_id, claim.kind, claim.queue) == (job_id, "mail", "out")
        assert (claim.params, claim.owner, claim.max_retries) == ('{"to":"x"}', "ada", 7)
        assert (claim.key, claim.priority, claim.worker) == ("k", 4, "a")
        assert (claim.attempt, claim.failures, claim.last_seq) == (1, 0, 1)
        assert claim.created_at_ms == (await record_of(store, job_id)).created_at_ms
        assert claim.claimed_at_ms in since(before, store)

    async def test_a_claimed_job_runs_under_its_workers_lease(self, store: Store) -> None:
        claim = await start_one(store, worker="worker-1")
        job = await record_of(store, claim.job_id)
        assert (job.state, job.worker, job.token, job.attempt) == (State.RUNNING, "worker-1", claim.token, 1)
        assert job.started_at_ms == job.claimed_at_ms == claim.claimed_at_ms
        assert job.lease_until_ms == claim.claimed_at_ms + to_milliseconds(store.lease)
        assert job.last_seq == 1

    async def test_the_first_start_is_never_overwritten(self, store: Store) -> None:
        first = await start_one(store)
        await store.jobs.finish([release(first)])
        advance(SECOND, store)
        second = await claim_one(store, worker="b")
        job = await record_of(store, first.job_id)
        assert (job.started_at_ms, job.claimed_at_ms) == (first.claimed_at_ms, second.claimed_at_ms)
        assert second.claimed_at_ms >= first.claimed_at_ms + to_milliseconds(SECOND)

    async def test_the_first_starts_facts_are_kept_by_kind(self, store: Store) -> None:
        ids = [await insert_one(store, kind) for kind in ("generate", "noop", "generate")]
        facts = {"generate": '{"model":"small"}'}
        claims = await store.jobs.claim(ClaimRequest("a", ["default"], ["generate", "noop"], 10, facts))
        assert [job.facts for job in await store.jobs.get(ids)] == ['{"model":"small"}', None, '{"model":"small"}']
        await store.jobs.finish([release(claim) for claim in claims])
        large = {"generate": '{"model":"large"}', "noop": "{}"}
        await store.jobs.claim(ClaimRequest("b", ["default"], ["generate", "noop"], 10, large))
        assert [job.facts for job in await store.jobs.get(ids)] == ['{"model":"small"}', None, '{"model":"small"}']

    async def test_peeking_shows_what_a_claim_would_take(self, store: Store) -> None:
        await insert_one(store)
        await insert_one(store, priority=3)
        await insert_one(store, queue="urgent")
        await insert_one(store, "foreign")
        seen = await store.jobs.peek(["urgent", "default"], ["noop"], 2)
        assert all(job.state is State.PENDING for job in seen)
        assert seen == await store.jobs.peek(["urgent", "default"], ["noop"], 2)
        claims = await store.jobs.claim(asking(queues=["urgent", "default"], limit=2))
        assert [claim.job_id for claim in claims] == [job.job_id for job in seen]

    async def test_one_job_may_be_chosen(self, store: Store) -> None:
        first, chosen = await insert_one(store), await insert_one(store, "mail", queue="out")
        claim = await store.jobs.claim_one(chosen, ClaimRequest("b", [], [], 0, {"mail": '{"by":"b"}'}))
        assert claim is not None
        assert (claim.job_id, claim.attempt, claim.last_seq) == (chosen, 1, 1)
        job = await record_of(store, chosen)
        assert (job.state, job.worker, job.token, job.facts) == (State.RUNNING, "b", claim.token, '{"by":"b"}')
        assert (await record_of(store, first)).state is State.PENDING

    async def test_only_a_pending_job_can_be_chosen(self, store: Store) -> None:
        running = await start_one(store)
        before = await snapshot(store, running.job_id)
        done = await start_one(store)
        await store.jobs.finish([complete(done)])
        later = await insert_one(store, delay_ms=60_000)
        for job_id in (running.job_id, done.job_id, later, new_job().job_id, ""):
            assert await store.jobs.claim_one(job_id, asking("b")) is None
        assert await snapshot(store, running.job_id) == before

    async def test_tokens_rise_over_every_way_back(self, store: Store) -> None:  # B2, P4
        claims = [await start_one(store)]
        for move in (release, retry, snooze):
            await store.jobs.finish([move(claims[-1])])
            claims.append(await claim_one(store, worker="b"))
        expire_leases(store)
        claims.append(await claim_one(store, worker="c"))
        await store.jobs.finish([fail(claims[-1])])
        await store.jobs.retry(claims[0].job_id)
        claims.append(await claim_one(store, worker="d"))
        tokens = [claim.token for claim in claims]
        assert tokens == sorted(set(tokens))
        assert [attempt_of(token) for token in tokens] == [1, 2, 3, 4, 5, 6]
        assert (await record_of(store, claims[0].job_id)).attempt == 6

    async def test_tokens_of_different_jobs_cannot_be_guessed_from_each_other(self, store: Store) -> None:  # B2
        await store.jobs.insert([new_job() for _ in range(50)])
        by_batch = {claim.token for claim in await store.jobs.claim(asking())}
        one_by_one = {(await start_one(store)).token for _ in range(20)}
        assert len(one_by_one) == 20
        assert by_batch.isdisjoint(one_by_one)

    async def test_a_job_given_back_keeps_its_place(self, store: Store) -> None:  # P13
        first = await start_one(store)
        second = await insert_one(store)
        await store.jobs.finish([release(first)])
        assert [claim.job_id for claim in await store.jobs.claim(asking())] == [first.job_id, second]

    @pytest.mark.parametrize("share", [0.0, 0.9])
    async def test_a_job_is_not_claimed_before_it_is_due(self, store: Store, share: float) -> None:  # H11
        await insert_one(store, delay_ms=100_000)
        advance(timedelta(seconds=100 * share), store)
        await store.jobs.stage(10)
        assert await store.jobs.claim(asking()) == []
