"""Signals: whoever listens is woken after the commit, in this store, in another one, and in another process."""

import asyncio
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

import pytest

from jobhive.core.states import State
from jobhive.store.port import Store
from jobhive.store.signals import CANCELS, SCHEDULE, WORKERS, Wake, job_topic, queue_topic, stream_topic
from jobhive.testing import (
    advance,
    append,
    asking,
    claim_one,
    expire_leases,
    fail,
    head_of,
    insert_one,
    new_worker,
    record_of,
    release,
    retry,
    start_one,
    wait_for_state,
)
from jobhive.testing.conformance.foreign import foreign_process
from jobhive.testing.conformance.moves import MINUTE, MakeMove, each_move
from jobhive.testing.stores import StoreMaker

DEADLINE_SECONDS = 20.0


class _Bells:
    """A bell in each of several stores."""

    def __init__(self, wakes: list[Wake]) -> None:
        self._wakes = wakes

    async def rang(self) -> bool:
        """Waits until all have rung; False where one has not by the deadline."""
        return all(await asyncio.gather(*(wake.wait(DEADLINE_SECONDS) for wake in self._wakes)))


@contextmanager
def _listening(topic: str, *stores: Store) -> Generator[_Bells]:
    with ExitStack() as stack:
        yield _Bells([stack.enter_context(store.signals.listen(topic)) for store in stores])


class Signalling:
    async def test_a_new_job_rings_its_queue(self, store: Store, other: Store) -> None:
        with _listening(queue_topic("ai"), store, other) as bells:
            job_id = await insert_one(store, queue="ai")
            assert await bells.rang()
        assert (await record_of(other, job_id)).state is State.PENDING

    async def test_a_job_for_later_rings_the_schedule(self, store: Store, other: Store) -> None:
        with _listening(SCHEDULE, store, other) as bells:
            await insert_one(store, delay_ms=60_000)
            assert await bells.rang()
        assert await other.jobs.next_due() is not None

    async def test_a_bell_rings_after_the_commit(self, store: Store, other: Store) -> None:
        for number in range(30):
            with _listening(queue_topic("default"), other) as bells:
                inserting = asyncio.ensure_future(insert_one(store, priority=number))
                assert await bells.rang()
                assert len(await other.jobs.claim(asking())) == 1
                await inserting

    async def test_a_job_that_comes_due_rings_its_queue(self, store: Store, other: Store) -> None:
        await insert_one(store, delay_ms=60_000)
        advance(2 * MINUTE, store)
        with _listening(queue_topic("default"), store, other) as bells:
            await store.jobs.stage(10)
            assert await bells.rang()
        assert len(await other.jobs.claim(asking())) == 1

    async def test_a_start_rings_the_job(self, store: Store, other: Store) -> None:
        job_id = await insert_one(store)
        with _listening(job_topic(job_id), store, other) as bells:
            await claim_one(store)
            assert await bells.rang()

    async def test_a_chosen_start_rings_the_job(self, store: Store, other: Store) -> None:
        job_id = await insert_one(store)
        with _listening(job_topic(job_id), store, other) as bells:
            await store.jobs.claim_one(job_id, asking())
            assert await bells.rang()

    async def test_events_ring_the_stream_but_not_the_job(self, store: Store, other: Store) -> None:  # I3
        claim = await start_one(store)
        job, stream = job_topic(claim.job_id), stream_topic(claim.job_id)
        with _listening(stream, store, other) as bells, _listening(job, store, other) as quiet:
            ringing = asyncio.ensure_future(quiet.rang())
            await store.events.append([append(claim, 2, "x")])
            assert await bells.rang()
            assert not ringing.done()
            ringing.cancel()
        assert (await head_of(other, claim.job_id)).last_seq == 2

    @each_move
    async def test_every_finish_rings_the_job(self, store: Store, other: Store, move: MakeMove) -> None:
        claim = await start_one(store)
        with _listening(job_topic(claim.job_id), store, other) as bells:
            await store.jobs.finish([move(claim)])
            assert await bells.rang()
        assert (await record_of(other, claim.job_id)).state is not State.RUNNING

    async def test_a_released_job_rings_its_queue(self, store: Store, other: Store) -> None:
        claim = await start_one(store)
        with _listening(queue_topic("default"), store, other) as bells:
            await store.jobs.finish([release(claim)])
            assert await bells.rang()

    async def test_a_retry_rings_the_schedule(self, store: Store, other: Store) -> None:
        claim = await start_one(store)
        with _listening(SCHEDULE, store, other) as bells:
            await store.jobs.finish([retry(claim, MINUTE)])
            assert await bells.rang()

    @pytest.mark.parametrize("topic", [queue_topic("default"), "job"])
    async def test_a_rescue_rings_queue_and_job(self, store: Store, other: Store, topic: str) -> None:
        claim = await start_one(store)
        expire_leases(store)
        with _listening(job_topic(claim.job_id) if topic == "job" else topic, store, other) as bells:
            await store.jobs.rescue(10)
            assert await bells.rang()

    @pytest.mark.parametrize("topic", [queue_topic("default"), "job"])
    async def test_an_operators_retry_rings_queue_and_job(self, store: Store, other: Store, topic: str) -> None:
        claim = await start_one(store)
        await store.jobs.finish([fail(claim)])
        with _listening(job_topic(claim.job_id) if topic == "job" else topic, store, other) as bells:
            await store.jobs.retry(claim.job_id)
            assert await bells.rang()

    @pytest.mark.parametrize("topic", [CANCELS, "job"])
    async def test_a_request_to_stop_rings(self, store: Store, other: Store, topic: str) -> None:  # I5
        claim = await start_one(store)
        with _listening(job_topic(claim.job_id) if topic == "job" else topic, store, other) as bells:
            await other.jobs.cancel(claim.job_id, "enough")
            assert await bells.rang()
        assert await store.jobs.cancel_requests([claim.receipt]) == [claim.job_id]

    async def test_a_cancelled_job_rings(self, store: Store, other: Store) -> None:
        job_id = await insert_one(store)
        with _listening(job_topic(job_id), store, other) as bells:
            await store.jobs.cancel(job_id, "enough")
            assert await bells.rang()

    @each_move
    async def test_room_in_a_limited_queue_rings_it(self, store: Store, other: Store, move: MakeMove) -> None:  # P14
        await store.jobs.limit("default", running=1, depth=None)
        claim = await start_one(store)
        await insert_one(store)
        with _listening(queue_topic("default"), store, other) as bells:
            await store.jobs.finish([move(claim)])
            assert await bells.rang()

    async def test_a_resumed_queue_rings(self, store: Store, other: Store) -> None:
        await store.jobs.pause("default", is_paused=True)
        await insert_one(store)
        with _listening(queue_topic("default"), store, other) as bells:
            await store.jobs.pause("default", is_paused=False)
            assert await bells.rang()

    async def test_workers_that_join_retire_and_leave_ring(self, store: Store, other: Store) -> None:  # O3
        with _listening(WORKERS, store, other) as bells:
            await store.workers.beat(new_worker(store))
            assert await bells.rang()
            await other.workers.retire("worker-a")
            assert await bells.rang()
            await store.workers.leave("worker-a")
            assert await bells.rang()

    async def test_only_what_is_listened_to_rings(self, store: Store) -> None:
        with _listening(queue_topic("quiet"), store) as quiet, _listening(queue_topic("default"), store) as bells:
            await insert_one(store)
            assert await bells.rang()
            ringing = asyncio.ensure_future(quiet.rang())
            await insert_one(store)
            assert await bells.rang()
            assert not ringing.done()
            ringing.cancel()

    async def test_many_listeners_hear_one_ring(self, store: Store, other: Store) -> None:
        with ExitStack() as stack:
            stores = [store, other] * 50
            bells = [stack.enter_context(_listening(queue_topic("default"), each)) for each in stores]
            await insert_one(store)
            assert all(await asyncio.gather(*(bell.rang() for bell in bells)))

    async def test_another_process_rings_a_queue_here(self, store: Store, make_store: StoreMaker) -> None:
        with _listening(queue_topic("ai"), store) as bells:
            async with foreign_process(make_store, "insert", "ai"):
                assert await bells.rang()
        assert len(await store.jobs.claim(asking(queues=["ai"]))) == 1

    async def test_another_process_rings_a_request_to_stop_here(self, store: Store, make_store: StoreMaker) -> None:
        claim = await start_one(store)  # I5
        with _listening(CANCELS, store) as bells:
            async with foreign_process(make_store, "cancel", claim.job_id):
                assert await bells.rang()
        assert await store.jobs.cancel_requests([claim.receipt]) == [claim.job_id]

    async def test_waiting_for_a_job_that_another_process_runs(self, store: Store, make_store: StoreMaker) -> None:
        job_id = await insert_one(store)
        waiting = asyncio.ensure_future(wait_for_state(store, job_id))
        async with foreign_process(make_store, "complete", "worker-x"):
            job = await waiting
        assert (job.state, job.result, job.worker) == (State.COMPLETE, '"from elsewhere"', "worker-x")
