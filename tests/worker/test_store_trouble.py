"""A store that does not answer for a while is waited out, and told of once when it begins and once when it ends."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from jobhive import Context, Jobhive, State, StoreUnavailable
from jobhive.testing import advance, record_of, stored_events, wait_for_state
from jobhive.worker.worker import Worker
from tests.worker.failing_part import FailingPart

GIVEN_UP = (
    "finisher gave up work: its end could not be recorded in time; its job is taken back when its lease ends: "
    "it does not answer"
)


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[Jobhive]:
    async with Jobhive(str(tmp_path / "jobhive.db"), lease=timedelta(seconds=1)) as app:
        yield app


class Line(logging.Filter):
    """Waits for a line of the log."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.was_told = asyncio.Event()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.getMessage() == self.text:
            self.was_told.set()
        return True


@pytest.mark.parametrize(
    ("part", "method", "actor", "target"),
    [
        ("jobs", "claim", "claimer", "claims"),
        ("jobs", "finish", "finisher", "results"),
        ("jobs", "cancel_requests", "cancel watch", "cancel requests"),
        ("workers", "beat", "heartbeat", "signs of life"),
        ("events", "append", "stream writer", "events"),
    ],
)
async def test_trouble_with_the_store_is_waited_out_and_told_once(  # D9, S8
    app: Jobhive,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    part: str,
    method: str,
    actor: str,
    target: str,
) -> None:
    unsteady = FailingPart(getattr(app.store, part), method, StoreUnavailable("it does not answer"), failures=3)

    @app.job()
    async def work(ctx: Context) -> str:
        await ctx.log("a line")
        if method == "cancel_requests":  # nobody asks for them unless a job runs
            await unsteady.is_over.wait()
        return "done"

    caplog.set_level("INFO", "jobhive")
    end = Line(f"{actor} goes on {target}: the trouble is over")
    caplog.handler.addFilter(end)
    monkeypatch.setattr(app.store, part, unsteady)
    worker = Worker(app.store, app.kinds, error_backoff=0.001, poll_interval=0.001)
    await worker.start()
    handle = await work.enqueue()
    async with asyncio.timeout(20):
        assert await handle.result() == "done"
        await end.was_told.wait()
    await worker.stop()
    monkeypatch.undo()
    assert caplog.messages.count(f"{actor} waits {target}: it does not answer") == 1
    assert caplog.messages.count(end.text) == 1
    job = await handle.job()
    assert (job.attempt, job.failures) == (1, 0)
    assert [event.data for event in await stored_events(app.store, handle.id)] == [{"line": "a line"}]


async def test_a_result_that_cannot_be_recorded_does_not_keep_its_job_for_ever(  # D9, S8
    app: Jobhive, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    unsteady = FailingPart(app.store.jobs, "finish", StoreUnavailable("it does not answer"))

    @app.job()
    async def work() -> str:
        return "done"

    given_up = Line(GIVEN_UP)
    caplog.handler.addFilter(given_up)
    handle = await work.enqueue()
    with monkeypatch.context() as trouble:
        trouble.setattr(app.store, "jobs", unsteady)
        worker = Worker(app.store, app.kinds, concurrency=1)
    await worker.start()
    async with asyncio.timeout(20):
        await given_up.was_told.wait()  # though its lease could be renewed all the time
    assert worker.describe().running == 0
    job = await record_of(app.store, handle.id)
    assert job.state is State.RUNNING
    advance(timedelta(milliseconds=(job.lease_until_ms or 0) - app.store.clock.now_ms() + 1), app.store)
    assert [each.job_id for each in await app.store.jobs.rescue(10)] == [handle.id]
    unsteady.heal()
    assert (await wait_for_state(app.store, handle.id)).result == '"done"'
    await worker.stop()
    assert (await record_of(app.store, handle.id)).attempt == 2
    assert caplog.messages.count("finisher waits results: it does not answer") == 1


async def test_results_wait_for_a_store_that_is_away_for_longer_than_a_lease(  # D9
    app: Jobhive, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    away = StoreUnavailable("it does not answer")
    finishing = FailingPart(app.store.jobs, "finish", away)
    renewing = FailingPart(finishing, "renew", away)

    @app.job()
    async def work() -> str:
        return "done"

    in_doubt = Line("worker stops work: its lease could not be renewed; its end is recorded once the store answers")
    caplog.handler.addFilter(in_doubt)
    handle = await work.enqueue()
    with monkeypatch.context() as trouble:
        trouble.setattr(app.store, "jobs", renewing)
        worker = Worker(app.store, app.kinds, error_backoff=0.01)
    await worker.start()
    async with asyncio.timeout(20):
        await in_doubt.was_told.wait()
        for _ in range(100):
            finishing.has_failed.clear()
            await finishing.has_failed.wait()
    renewing.heal()
    finishing.heal()
    assert await handle.result(timeout=20) == "done"
    await worker.stop()
    job = await record_of(app.store, handle.id)
    assert (job.attempt, job.crashes, job.losses) == (1, 0, 0)
