"""A store that does not answer for a while is waited out, and told of once when it begins and once when it ends."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from jobhive import Context, Jobhive, StoreUnavailable
from jobhive.testing import stored_events
from jobhive.worker.worker import Worker
from tests.worker.failing_part import FailingPart


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
