"""Queues: their figures, their pause and their limits."""

import asyncio

import pytest

from jobhive.core.errors import QueueFull
from jobhive.core.record import Inserted, QueueStatus
from jobhive.core.states import State
from jobhive.store.port import Limits, Store
from jobhive.testing import (
    SECOND,
    advance,
    asking,
    cancel,
    claim_one,
    complete,
    expire_leases,
    fail,
    insert_one,
    new_job,
    record_of,
    release,
    retry,
    start_one,
)
from jobhive.testing.conformance.moves import MINUTE, MakeMove, each_move

EMPTY = QueueStatus("default", 0, 0, 0, 0, None, None, None, is_paused=False)


async def _queue(store: Store, name: str = "default") -> QueueStatus:
    [status] = [status for status in await store.jobs.queues() if status.name == name]
    return status


class Queues:
    async def test_a_new_store_has_no_queues(self, store: Store) -> None:
        assert await store.jobs.queues() == []

    async def test_queues_are_told_by_name_with_their_figures(self, store: Store) -> None:  # H13
        await store.jobs.insert([new_job(queue="b") for _ in range(3)] + [new_job(queue="a", delay_ms=10**6)])
        await store.jobs.claim(asking(queues=["b"], limit=1))
        advance(10 * SECOND, store)
        a, b = await store.jobs.queues()
        assert a == EMPTY._replace(name="a", scheduled=1)
        assert b._replace(oldest_pending_ms=None) == EMPTY._replace(name="b", pending=2, running=1)
        assert 10_000 <= (b.oldest_pending_ms or 0) < 60_000

    async def test_the_oldest_pending_job_sets_the_age(self, store: Store) -> None:
        first = await insert_one(store)
        advance(MINUTE, store)
        await insert_one(store, priority=9)
        advance(MINUTE, store)
        assert 120_000 <= ((await _queue(store)).oldest_pending_ms or 0) < 180_000
        await store.jobs.cancel(first, "")
        assert 60_000 <= ((await _queue(store)).oldest_pending_ms or 0) < 120_000

    async def test_queues_without_open_jobs_and_settings_are_not_told(self, store: Store) -> None:
        for move in (complete, fail, cancel):
            await store.jobs.finish([move(await start_one(store))])
        assert await store.jobs.queues() == []

    async def test_queues_with_settings_are_told_without_jobs(self, store: Store) -> None:
        await store.jobs.pause("a", is_paused=True)
        await store.jobs.limit("b", running=2, depth=3)
        assert await store.jobs.queues() == [
            EMPTY._replace(name="a", is_paused=True),
            EMPTY._replace(name="b", running_limit=2, depth_limit=3),
        ]

    async def test_a_paused_queue_gives_nothing_away(self, store: Store, other: Store) -> None:  # B4
        paused, free = await insert_one(store), await insert_one(store, queue="free")
        await store.jobs.pause("default", is_paused=True)
        assert await other.jobs.peek(["default"], ["noop"], 10) == []
        assert await other.jobs.claim_one(paused, asking()) is None
        claims = await other.jobs.claim(asking(queues=["default", "free"]))
        assert [claim.job_id for claim in claims] == [free]
        assert (await record_of(store, paused)).state is State.PENDING

    async def test_a_paused_queue_goes_on_taking_jobs_and_ends(self, store: Store) -> None:  # B4
        running = await start_one(store)
        await store.jobs.pause("default", is_paused=True)
        assert await _queue(store) == EMPTY._replace(running=1, is_paused=True)
        await insert_one(store)
        await insert_one(store, delay_ms=1)
        advance(SECOND, store)
        assert await store.jobs.stage(10) == 1
        assert await store.jobs.finish([release(running)]) == [running.job_id]
        assert (await _queue(store)).pending == 3
        assert await store.jobs.claim(asking()) == []

    async def test_a_resumed_queue_goes_on_in_order(self, store: Store) -> None:  # B4
        await store.jobs.pause("default", is_paused=True)
        ids = [await insert_one(store) for _ in range(3)]
        await store.jobs.pause("default", is_paused=False)
        assert (await _queue(store)).is_paused is False
        assert [claim.job_id for claim in await store.jobs.claim(asking())] == ids

    async def test_a_pause_and_limits_do_not_touch_each_other(self, store: Store) -> None:
        await store.jobs.limit("default", running=2, depth=3)
        await store.jobs.pause("default", is_paused=True)
        kept = EMPTY._replace(running_limit=2, depth_limit=3, is_paused=True)
        assert await _queue(store) == kept
        await store.jobs.limit("default", running=None, depth=5)
        assert await _queue(store) == kept._replace(running_limit=None, depth_limit=5)

    async def test_a_limit_that_is_not_named_stays_as_it_is(self, store: Store) -> None:
        for named, kept in (
            (Limits(running=2), EMPTY._replace(running_limit=2)),
            (Limits(depth=3), EMPTY._replace(running_limit=2, depth_limit=3)),
            (Limits(), EMPTY._replace(running_limit=2, depth_limit=3)),
            (Limits(running=None), EMPTY._replace(depth_limit=3)),
            (Limits(depth=None), EMPTY),
        ):
            await store.jobs.limit("default", **named)
            assert await _queue(store) == kept
        await store.jobs.limit("new")
        assert await _queue(store, "new") == EMPTY._replace(name="new")

    async def test_limits_set_at_once_by_many_are_all_kept(self, store: Store, other: Store) -> None:
        for number in range(1, 20):
            set_at_once = store.jobs.limit("default", running=number), other.jobs.limit("default", depth=number)
            await asyncio.gather(*set_at_once)
            assert await _queue(store) == EMPTY._replace(running_limit=number, depth_limit=number)

    async def test_a_running_limit_bounds_claims(self, store: Store) -> None:  # P14
        await store.jobs.limit("default", running=3, depth=None)
        await store.jobs.insert([new_job() for _ in range(6)])
        first = await store.jobs.claim(asking(limit=2))
        assert len(first) == 2
        assert len(await store.jobs.claim(asking("b"))) == 1
        assert await store.jobs.claim(asking("c")) == []
        await store.jobs.finish([complete(first[0])])
        assert len(await store.jobs.claim(asking("c"))) == 1

    async def test_a_running_limit_bounds_chosen_jobs_too(self, store: Store) -> None:  # P14
        await store.jobs.limit("default", running=1, depth=None)
        claim, chosen = await start_one(store), await insert_one(store)
        assert await store.jobs.claim_one(chosen, asking("b")) is None
        assert (await record_of(store, chosen)).state is State.PENDING
        await store.jobs.finish([complete(claim)])
        assert await store.jobs.claim_one(chosen, asking("b")) is not None

    async def test_peeking_shows_all_of_a_queue_while_its_running_limit_leaves_room(self, store: Store) -> None:
        await store.jobs.limit("default", running=2, depth=None)
        await store.jobs.insert([new_job() for _ in range(5)])
        assert len(await store.jobs.peek(["default"], ["noop"], 10)) == 5
        [claim] = await store.jobs.claim(asking(limit=1))
        assert len(await store.jobs.peek(["default"], ["noop"], 10)) == 4
        await store.jobs.claim(asking())
        assert await store.jobs.peek(["default"], ["noop"], 10) == []
        await store.jobs.finish([complete(claim)])
        assert len(await store.jobs.peek(["default"], ["noop"], 10)) == 3

    @each_move
    async def test_every_way_out_frees_its_place(self, store: Store, move: MakeMove) -> None:  # P14
        await store.jobs.limit("default", running=1, depth=None)
        first = await start_one(store)
        await insert_one(store, priority=9)
        assert await store.jobs.claim(asking("b")) == []
        await store.jobs.finish([move(first)])
        assert len(await store.jobs.claim(asking("b"))) == 1
        assert await store.jobs.claim(asking("c")) == []

    async def test_a_rescued_job_frees_its_place_and_an_asked_one_does_not(self, store: Store) -> None:  # P14
        await store.jobs.limit("default", running=1, depth=None)
        claim = await start_one(store)
        await insert_one(store)
        await store.jobs.cancel(claim.job_id, "enough")
        assert await store.jobs.claim(asking("b")) == []
        expire_leases(store)
        await store.jobs.rescue(10)
        assert len(await store.jobs.claim(asking("b"))) == 1

    async def test_a_limit_below_what_runs_only_stops_new_claims(self, store: Store) -> None:  # P14
        claims = [await start_one(store) for _ in range(3)]
        await insert_one(store)
        await store.jobs.limit("default", running=1, depth=None)
        assert await store.jobs.claim(asking()) == []
        assert await store.jobs.peek(["default"], ["noop"], 10) == []
        assert sorted(await store.jobs.finish([complete(each) for each in claims])) == sorted(c.job_id for c in claims)
        assert len(await store.jobs.claim(asking())) == 1

    async def test_a_limit_of_nothing_lets_nothing_through(self, store: Store) -> None:  # P14, I10
        job_id = await insert_one(store)
        await store.jobs.limit("default", running=0, depth=0)
        assert (await _queue(store)).running_limit == 0
        assert await store.jobs.claim(asking()) == []
        assert await store.jobs.claim_one(job_id, asking()) is None
        with pytest.raises(QueueFull):
            await insert_one(store)
        await store.jobs.limit("default", running=None, depth=None)
        assert (await claim_one(store)).job_id == job_id
        await insert_one(store)

    async def test_a_limit_counts_only_its_own_queue(self, store: Store) -> None:  # P14
        await store.jobs.limit("small", running=1, depth=None)
        await store.jobs.insert([new_job(queue=name) for name in ("small", "default") * 3])
        claims = await store.jobs.claim(asking(queues=["small", "default"]))
        assert [claim.queue for claim in claims] == ["small", "default", "default", "default"]

    async def test_a_full_queue_refuses_and_says_how_full(self, store: Store) -> None:  # I10, H12
        await store.jobs.limit("default", running=None, depth=2)
        await store.jobs.insert([new_job(), new_job()])
        refused = new_job()
        with pytest.raises(QueueFull) as refusal:
            await store.jobs.insert([refused])
        assert refusal.value.queue == "default"
        assert refusal.value.retry_after_seconds >= 1
        assert await store.jobs.get([refused.job_id]) == []
        assert len(await store.jobs.insert([new_job(queue="other")])) == 1

    async def test_a_batch_that_would_overfill_is_refused_as_a_whole(self, store: Store) -> None:  # I10
        await store.jobs.limit("default", running=None, depth=2)
        batch = [new_job(queue="other"), new_job(), new_job(), new_job()]
        with pytest.raises(QueueFull):
            await store.jobs.insert(batch)
        assert await store.jobs.get([job.job_id for job in batch]) == []
        assert len(await store.jobs.insert(batch[:3])) == 3

    async def test_room_comes_with_claims_and_cancels(self, store: Store) -> None:  # I10
        await store.jobs.limit("default", running=None, depth=2)
        waiting = await insert_one(store)
        await start_one(store)
        await insert_one(store)
        with pytest.raises(QueueFull):
            await insert_one(store)
        await store.jobs.cancel(waiting, "")
        await insert_one(store)
        with pytest.raises(QueueFull):
            await insert_one(store)

    async def test_a_job_for_later_waits_too(self, store: Store) -> None:  # I10
        await store.jobs.limit("default", running=None, depth=1)
        await insert_one(store, delay_ms=60_000)
        with pytest.raises(QueueFull):
            await insert_one(store)

    async def test_a_full_queue_still_answers_repeated_calls(self, store: Store) -> None:  # P11
        kept, keyed = new_job(), new_job(key="k")
        await store.jobs.insert([kept, keyed])
        await store.jobs.limit("default", running=None, depth=2)
        assert (await store.jobs.insert([kept]))[0].job_id == kept.job_id
        assert await store.jobs.insert([new_job(key="k")]) == [Inserted(keyed.job_id, is_new=False)]

    async def test_a_full_queue_takes_its_own_jobs_back(self, store: Store) -> None:  # I10
        claims = [await start_one(store) for _ in range(3)]
        await store.jobs.limit("default", running=None, depth=1)
        await insert_one(store)
        assert len(await store.jobs.finish([retry(claims[0]), release(claims[1]), fail(claims[2])])) == 3
        assert (await store.jobs.retry(claims[2].job_id)).state is State.PENDING
        assert (await claim_one(store)).job_id in {claim.job_id for claim in claims}

    async def test_settings_are_seen_by_every_store_and_outlive_it(self, store: Store, other: Store) -> None:
        await store.jobs.limit("default", running=1, depth=1)
        await store.jobs.pause("default", is_paused=True)
        await store.close()
        assert await _queue(other) == EMPTY._replace(running_limit=1, depth_limit=1, is_paused=True)
