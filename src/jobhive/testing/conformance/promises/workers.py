"""Workers: who gives signs of life, who was asked to go, and who is known to be gone."""

from typing import ClassVar

import pytest

from jobhive.core.errors import UnknownWorker
from jobhive.core.states import State
from jobhive.store.port import Store
from jobhive.testing import SECOND, advance, asking, claim_one, complete, insert_one, new_worker, record_of, since
from jobhive.testing.conformance.foreign import foreign_process
from jobhive.testing.stores import StoreMaker


class ActiveWorkers:
    sees_dead_workers: ClassVar[bool] = True

    async def test_a_beating_worker_is_active_as_it_told(self, store: Store, other: Store) -> None:  # O3
        assert await store.workers.active() == []
        told = new_worker(store)._replace(queues=("default", "ai"), kinds=("noop", "gen'e"), name="🐝", running=2)
        before = store.clock.now_ms()
        assert await store.workers.beat(told) is False
        [active] = await other.workers.active()
        assert active._replace(seen_at_ms=0) == told._replace(seen_at_ms=0)
        assert active.seen_at_ms in since(before, store)

    async def test_the_newest_beat_counts(self, store: Store) -> None:  # O3
        worker = new_worker(store)
        await store.workers.beat(worker)
        await store.workers.beat(worker._replace(state="busy", running=3, completed=10, errors=1))
        [active] = await store.workers.active()
        assert (active.state, active.running, active.completed, active.errors) == ("busy", 3, 10, 1)

    async def test_the_oldest_worker_comes_first(self, store: Store) -> None:
        now_ms = store.clock.now_ms()
        for worker_id, age_ms in (("b", 1_000), ("a", 0), ("c", 2_000)):
            await store.workers.beat(new_worker(store, worker_id, started_at_ms=now_ms - age_ms))
        assert [worker.worker_id for worker in await store.workers.active()] == ["c", "b", "a"]

    async def test_a_worker_silent_for_a_lease_is_not_active(self, store: Store) -> None:  # O3
        silent, live = new_worker(store, "silent"), new_worker(store, "live")
        await store.workers.beat(silent)
        advance(store.lease / 2, store)
        await store.workers.beat(live)
        assert len(await store.workers.active()) == 2
        advance(store.lease * 0.6, store)
        assert [worker.worker_id for worker in await store.workers.active()] == ["live"]
        await store.workers.beat(silent)
        assert len(await store.workers.active()) == 2

    async def test_a_worker_that_left_is_forgotten(self, store: Store) -> None:
        await store.workers.beat(new_worker(store))
        await store.workers.leave("worker-a")
        assert await store.workers.active() == []
        await store.workers.leave("worker-a")

    async def test_a_worker_hears_that_it_is_to_retire(self, store: Store, other: Store) -> None:  # O3
        mine, bystander = new_worker(store), new_worker(store, "worker-b")
        for worker in (mine, bystander):
            await store.workers.beat(worker)
        retired = await other.workers.retire("worker-a")
        assert (retired.worker_id, retired.is_retiring) == ("worker-a", True)
        assert await store.workers.beat(mine) is True
        assert await store.workers.beat(bystander) is False
        assert {worker.worker_id: worker.is_retiring for worker in await store.workers.active()} == {
            "worker-a": True,
            "worker-b": False,
        }
        assert (await other.workers.retire("worker-a")).is_retiring

    async def test_only_active_workers_retire(self, store: Store) -> None:  # O3
        await store.workers.beat(new_worker(store))
        advance(store.lease + SECOND, store)
        for worker_id in ("worker-a", "unknown", ""):
            with pytest.raises(UnknownWorker):
                await store.workers.retire(worker_id)
        assert await store.workers.beat(new_worker(store)) is False

    async def test_pruning_forgets_the_long_silent_only(self, store: Store) -> None:
        await store.workers.beat(new_worker(store, "silent"))
        assert await store.workers.prune() == 0
        advance(1000 * store.lease, store)
        await store.workers.beat(new_worker(store, "live"))
        assert await store.workers.prune() == 1
        assert await store.workers.prune() == 0
        assert [worker.worker_id for worker in await store.workers.active()] == ["live"]

    async def test_pruning_forgets_who_was_seen_in_a_future_that_never_came(self, store: Store) -> None:  # P6
        await store.workers.beat(new_worker(store, "gone"))
        advance(-1000 * store.lease, store)
        await store.workers.beat(new_worker(store, "live"))
        assert await store.workers.prune() == 1
        assert [worker.worker_id for worker in await store.workers.active()] == ["live"]

    async def test_forgetting_a_worker_takes_none_of_its_jobs(self, store: Store) -> None:
        job_id = await insert_one(store)
        await store.workers.beat(new_worker(store, "w"))
        claim = await claim_one(store, worker="w")
        await store.workers.leave("w")
        advance(1000 * store.lease, store)
        await store.workers.prune()
        assert (await record_of(store, job_id)).state is State.RUNNING
        assert await store.jobs.finish([complete(claim)]) == [job_id]

    async def test_live_and_released_workers_are_not_dead(self, store: Store, other: Store) -> None:  # P5
        await store.workers.beat(new_worker(store))
        held = store.hold("worker-a")
        advance(1000 * store.lease, store, other)
        assert await store.workers.dead() == []
        assert await other.workers.dead() == []
        held.release()
        held.release()
        assert await other.workers.dead() == []

    async def test_a_killed_worker_is_known_to_be_dead(self, store: Store, make_store: StoreMaker) -> None:  # P5
        job_id = await insert_one(store)
        async with foreign_process(make_store, "work", "worker-x") as process:
            assert [worker.worker_id for worker in await store.workers.active()] == ["worker-x"]
            assert (await record_of(store, job_id)).worker == "worker-x"
            assert await store.workers.dead() == []
            process.kill()
            await process.wait()
        assert await store.workers.dead() == (["worker-x"] if self.sees_dead_workers else [])
        assert [each.job_id for each in await store.jobs.rescue_from("worker-x")] == [job_id]
        assert await store.workers.dead() == []
        assert await store.workers.active() == []
        assert [claim.job_id for claim in await store.jobs.claim(asking("b"))] == [job_id]

    async def test_a_killed_worker_is_left_to_its_supervisor_while_that_lives(
        self, store: Store, make_store: StoreMaker
    ) -> None:  # P10
        supervisor = store.hold("supervisor-y")
        async with foreign_process(make_store, "work", "worker-x/supervisor-y") as process:
            process.kill()
            await process.wait()
        assert await store.workers.dead() == []
        supervisor.release()
        assert await store.workers.dead() == (["worker-x"] if self.sees_dead_workers else [])
