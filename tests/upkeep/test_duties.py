"""Duties that keep jobs moving: due jobs are staged, lost ones taken back, silent workers forgotten."""

import asyncio
import logging
from datetime import timedelta

import pytest

from jobhive import Jobhive, State, StoreUnavailable
from jobhive.store.port import Store
from jobhive.store.signals import EVERYTHING, SCHEDULE, job_topic
from jobhive.testing import (
    SECOND,
    advance,
    insert_one,
    new_worker,
    record_of,
    wait_for_state,
)
from jobhive.upkeep.duty import Duty
from jobhive.upkeep.pruner import Pruner

HOUR = timedelta(hours=1)


def let_pass(by: timedelta, store: Store) -> None:
    """Moves the clock and wakes whoever waits for time."""
    advance(by, store)
    store.signals.publish([SCHEDULE])


async def test_due_jobs_become_pending_and_others_wait_on(app: Jobhive) -> None:  # H11
    store = app.store
    soon, late = await insert_one(store, delay_ms=3_600_000), await insert_one(store, delay_ms=7_200_000)
    async with app.upkeep():
        let_pass(HOUR + SECOND, store)
        await wait_for_state(store, soon, State.PENDING)
        assert (await record_of(store, late)).state is State.SCHEDULED
        let_pass(HOUR, store)
        await wait_for_state(store, late, State.PENDING)


async def test_whoever_watches_a_job_hears_that_it_became_due(app: Jobhive) -> None:
    job_id = await insert_one(app.store, delay_ms=60_000)
    with app.store.signals.listen(job_topic(job_id)) as wake:
        advance(HOUR, app.store)
        await app.store.jobs.stage(10)
        assert await wake.wait(20)


async def test_a_job_that_is_soon_due_runs_on_time_without_anybody_asking(app: Jobhive) -> None:  # H11
    @app.job()
    async def work() -> str:
        return "done"

    async with app.worker():
        handle = await work.options(delay=0.05).enqueue()
        assert await handle.result(timeout=20) == "done"
    job = await handle.job()
    record = await record_of(app.store, handle.id)
    assert (record.started_at_ms or 0) - record.created_at_ms >= 50
    assert job.attempt == 1


async def test_more_than_one_batch_of_due_jobs_is_staged_at_once(app: Jobhive) -> None:
    @app.job()
    async def work(i: int) -> int:
        return i

    await app.store.jobs.limit("default", running=None, depth=None)
    await work.options(delay=60).enqueue_many([{"i": i} for i in range(1_500)])
    async with app.upkeep():
        let_pass(HOUR, app.store)
        async with asyncio.timeout(20):
            with app.store.signals.listen(EVERYTHING) as wake:
                while (await app.store.jobs.counts())["pending"] < 1_500:
                    await wake.wait(1)


async def test_workers_that_were_silent_for_long_are_forgotten(app: Jobhive) -> None:
    await app.store.workers.beat(new_worker(app.store, "gone"))
    advance(app.store.lease * 11, app.store)
    await app.store.workers.beat(new_worker(app.store, "alive"))
    await Pruner(app.store).tick()
    assert await app.store.workers.prune() == 0
    assert [worker.worker_id for worker in await app.store.workers.active()] == ["alive"]


class Counting(Duty):
    """Counts its ticks, of which some fail."""

    name = "counting"
    every = timedelta(milliseconds=1)

    def __init__(self, store: Store, failing: range, error: Exception) -> None:
        super().__init__(store)
        self.ticks = 0
        self.enough = asyncio.Event()
        self._failing = failing
        self._error = error

    async def tick(self) -> None:
        self.ticks += 1
        if self.ticks > self._failing.stop:
            self.enough.set()
        if self.ticks in self._failing:
            raise self._error


async def test_a_duty_outlives_trouble_and_tells_of_it_once(app: Jobhive, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "jobhive")  # D9, S8
    duty = Counting(app.store, range(2, 6), StoreUnavailable("it does not answer"))
    _ = duty.start()
    async with asyncio.timeout(20):
        await duty.enough.wait()
    await duty.stop()
    ticks = duty.ticks
    assert caplog.messages == [
        "counting waits upkeep: it does not answer",
        "counting goes on upkeep: the trouble is over",
    ]
    await asyncio.sleep(0)
    assert duty.ticks == ticks


async def test_a_duty_outlives_a_defect_and_tells_of_it_once_in_full(  # D9
    app: Jobhive, caplog: pytest.LogCaptureFixture
) -> None:
    duty = Counting(app.store, range(2, 6), ZeroDivisionError("of ours"))
    _ = duty.start()
    async with asyncio.timeout(20):
        await duty.enough.wait()
    await duty.stop()
    assert caplog.messages == ["counting failed upkeep: a defect: ZeroDivisionError('of ours')"]
    [record] = caplog.records
    assert "raise self._error" in vars(record)["narration"]["facts"]["exception"]
