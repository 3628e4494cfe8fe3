"""Leases that could not be renewed, or that a clock has ended, are not held against their holders."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from jobhive import Jobhive, State, StoreUnavailable
from jobhive.store.port import Store
from jobhive.testing import SECOND, advance, expire_leases, record_of, start_one, wait_for_state
from jobhive.upkeep.rescuer import Rescuer

LEASE = timedelta(seconds=1)
JUMPS = [timedelta(hours=1), timedelta(days=1), timedelta(days=3653)]


class Steady:
    """The monotonic clock in the hands of a test; the store's clock goes with it."""

    def __init__(self, store: Store) -> None:
        self.seconds = 1000.0
        self._store = store

    def monotonic(self) -> float:
        return self.seconds

    def pass_by(self, by: timedelta) -> None:
        self.seconds += by.total_seconds()
        advance(by, self._store)


@pytest.fixture
def steady(app: Jobhive, monkeypatch: pytest.MonkeyPatch) -> Steady:
    steady = Steady(app.store)
    monkeypatch.setattr("jobhive.upkeep.rescuer.time", steady)
    return steady


@pytest.fixture
async def rescuer(app: Jobhive, steady: Steady) -> Rescuer:
    """One that has seen a whole lease without trouble."""
    rescuer = Rescuer(app.store)
    await tick_for(app.store.lease + SECOND, rescuer, steady)
    return rescuer


async def tick_for(time: timedelta, rescuer: Rescuer, steady: Steady) -> None:
    """Lets the time pass, with a tick each second."""
    for _ in range(int(time.total_seconds())):
        await rescuer.tick()
        steady.pass_by(SECOND)


async def state_of(app: Jobhive, job_id: str) -> State:
    return (await record_of(app.store, job_id)).state


async def test_a_lease_that_runs_out_under_a_watching_rescuer_is_taken_at_once(  # P5
    app: Jobhive, rescuer: Rescuer, steady: Steady
) -> None:
    claim = await start_one(app.store, "hung")
    await tick_for(app.store.lease, rescuer, steady)
    assert await state_of(app, claim.job_id) is State.RUNNING
    await tick_for(2 * SECOND, rescuer, steady)
    assert await state_of(app, claim.job_id) is State.PENDING


async def test_a_new_rescuer_gives_everybody_a_lease_to_show_up(app: Jobhive, steady: Steady) -> None:
    claim = await start_one(app.store, "hung")
    steady.pass_by(app.store.lease * 3)
    rescuer = Rescuer(app.store)
    await tick_for(app.store.lease, rescuer, steady)
    assert await state_of(app, claim.job_id) is State.RUNNING
    await tick_for(SECOND, rescuer, steady)
    assert await state_of(app, claim.job_id) is State.PENDING


async def test_after_an_outage_nothing_is_rescued_for_a_whole_lease(  # D9
    app: Jobhive,
    rescuer: Rescuer,
    steady: Steady,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def no_answer(*_: object) -> None:
        raise StoreUnavailable("it does not answer")

    caplog.set_level(logging.INFO, "jobhive")
    claim = await start_one(app.store, "alive")
    with monkeypatch.context() as outage:
        outage.setattr(app.store.jobs, "rescue", no_answer)
        outage.setattr(app.store, "check", no_answer)
        for _ in range(90):
            with pytest.raises(StoreUnavailable):
                await rescuer.tick()
            steady.pass_by(SECOND)
    await tick_for(app.store.lease - SECOND, rescuer, steady)
    job = await record_of(app.store, claim.job_id)
    assert (job.state, job.crashes, job.losses) == (State.RUNNING, 0, 0)
    assert await app.store.jobs.renew([claim.receipt]) == [claim.job_id]
    await tick_for(5 * SECOND, rescuer, steady)
    assert await state_of(app, claim.job_id) is State.RUNNING
    assert caplog.messages == [
        "rescuer doubts expired leases: the store was away; for 30 s nothing is taken back by its lease",
        "rescuer believes expired leases: for a whole lease nothing was amiss",
    ]


async def test_an_outage_during_a_hold_prolongs_it(
    app: Jobhive, steady: Steady, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_answer() -> None:
        raise StoreUnavailable("it does not answer")

    claim = await start_one(app.store, "hung")
    steady.pass_by(app.store.lease * 3)
    rescuer = Rescuer(app.store)
    await tick_for(app.store.lease - SECOND, rescuer, steady)
    with monkeypatch.context() as outage:
        outage.setattr(app.store, "check", no_answer)
        with pytest.raises(StoreUnavailable):
            await rescuer.tick()
    await tick_for(app.store.lease, rescuer, steady)
    assert await state_of(app, claim.job_id) is State.RUNNING
    await tick_for(SECOND, rescuer, steady)
    assert await state_of(app, claim.job_id) is State.PENDING


async def test_a_rescuer_that_was_stopped_gives_the_others_time(  # P4
    app: Jobhive, rescuer: Rescuer, steady: Steady
) -> None:
    claim = await start_one(app.store, "stopped with it")
    steady.pass_by(app.store.lease * 3)
    await tick_for(app.store.lease, rescuer, steady)
    assert await state_of(app, claim.job_id) is State.RUNNING
    await tick_for(SECOND, rescuer, steady)
    assert await state_of(app, claim.job_id) is State.PENDING


@pytest.mark.parametrize("jump", [sign * jump for jump in JUMPS for sign in (1, -1)], ids=str)
async def test_after_a_clock_jump_a_live_lease_is_kept_and_a_dead_one_is_not_for_ever(  # P6
    app: Jobhive, rescuer: Rescuer, steady: Steady, jump: timedelta
) -> None:
    alive, hung = await start_one(app.store, "alive"), await start_one(app.store, "hung")
    advance(jump, app.store)
    await tick_for(app.store.lease / 3, rescuer, steady)
    assert await app.store.jobs.renew([alive.receipt]) == [alive.job_id]
    for _ in range(36):
        await tick_for(app.store.lease / 3, rescuer, steady)
        assert await app.store.jobs.renew([alive.receipt]) == [alive.job_id]
    assert await state_of(app, hung.job_id) is State.PENDING


@pytest.fixture
async def quick(tmp_path: Path) -> AsyncIterator[Jobhive]:
    async with Jobhive(str(tmp_path / "quick.db"), lease=LEASE) as app:
        yield app


async def test_a_live_worker_sails_through_clock_jumps(  # P6
    quick: Jobhive, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gate, believed = asyncio.Event(), asyncio.Event()

    def hear(record: logging.LogRecord) -> bool:
        if record.getMessage().startswith("rescuer believes"):
            believed.set()
        return True

    @quick.job()
    async def work() -> str:
        await gate.wait()
        return "done"

    caplog.set_level(logging.DEBUG, "jobhive")
    caplog.handler.addFilter(hear)
    monkeypatch.setattr(Rescuer, "every", timedelta(milliseconds=50))
    handle = await work.enqueue()
    async with quick.worker(), asyncio.timeout(60):
        await wait_for_state(quick.store, handle.id, State.RUNNING)
        for jump in (timedelta(days=3653), -timedelta(days=3653), -timedelta(hours=1)):
            await believed.wait()
            advance(jump, quick.store)
            believed.clear()
        await believed.wait()
        gate.set()
        assert await handle.result() == "done"
    job = await record_of(quick.store, handle.id)
    assert (job.attempt, job.losses, job.crashes) == (1, 0, 0)
    assert not [line for line in caplog.messages if "rescued" in line]


async def test_a_dead_worker_on_this_machine_is_not_given_the_benefit_of_the_doubt(  # P5
    app: Jobhive, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = await start_one(app.store, "dead")

    async def dead() -> list[str]:
        return ["dead"]

    monkeypatch.setattr(app.store.workers, "dead", dead)
    await Rescuer(app.store).tick()
    assert await state_of(app, claim.job_id) is State.PENDING


async def test_an_expired_lease_is_taken_back_by_one_of_many(  # P5, S9
    quick: Jobhive, caplog: pytest.LogCaptureFixture
) -> None:
    told = asyncio.Event()

    def hear(record: logging.LogRecord) -> bool:
        if record.getMessage().startswith("rescuer rescued"):
            told.set()
        return True

    caplog.handler.addFilter(hear)
    claim = await start_one(quick.store, "gone")
    expire_leases(quick.store)
    async with quick.upkeep(), quick.upkeep(), asyncio.timeout(20):
        record = await wait_for_state(quick.store, claim.job_id, State.PENDING)
        await told.wait()
    assert (record.losses, record.crashes, record.failures) == (1, 0, 0)
    rescues = [line for line in caplog.messages if line.startswith("rescuer rescued pending: no sign of gone")]
    assert len(rescues) == 1  # by two rescuers
