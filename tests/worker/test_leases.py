"""Leases: kept while the handler keeps the loop busy, given up when the store does not answer for too long."""

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from jobhive import Context, Jobhive, StoreUnavailable
from jobhive.store.signals import EVERYTHING
from jobhive.store.sqlite import SqliteStore
from jobhive.testing import record_of
from jobhive.worker.worker import Worker

LEASE = timedelta(seconds=1)


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[Jobhive]:
    async with Jobhive(str(tmp_path / "jobhive.db"), lease=LEASE) as app:
        yield app


def lease_outlasts(path: Path, job_id: str, until_ms: int) -> None:
    """Blocks until the job's lease ends later than that, as another process sees it."""

    async def watch() -> None:
        store = SqliteStore(path)
        await store.open()
        async with asyncio.timeout(20):
            with store.signals.listen(EVERYTHING) as wake:  # a renewal wakes nobody: a look now and then
                while ((await record_of(store, job_id)).lease_until_ms or 0) <= until_ms:
                    await wake.wait(0.05)
        await store.close()

    watching = threading.Thread(target=asyncio.run, args=(watch(),))
    watching.start()
    watching.join()


async def test_a_handler_that_blocks_the_loop_keeps_its_lease(app: Jobhive, tmp_path: Path) -> None:  # P5
    @app.job()
    async def block(ctx: Context) -> str:
        claimed_until_ms = (await record_of(app.store, ctx.job_id)).lease_until_ms or 0
        beyond_ms = claimed_until_ms + int(LEASE.total_seconds() * 1000)
        lease_outlasts(tmp_path / "jobhive.db", ctx.job_id, beyond_ms)  # blocks this very loop
        return "done"

    handle = await block.enqueue()
    async with app.worker():
        assert await handle.result(timeout=20) == "done"
    assert (await handle.job()).attempt == 1


async def test_a_worker_that_cannot_renew_stops_before_its_lease_ends_and_gives_back_what_is_still_its_own(  # B2
    app: Jobhive, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped, stopped_at_ms, lease_until_ms = asyncio.Event(), 0, 0

    @app.job()
    async def work(ctx: Context) -> str:
        nonlocal stopped_at_ms, lease_until_ms
        await ctx.log("runs")
        if ctx.attempt == 1:
            try:
                await asyncio.Event().wait()
            finally:
                stopped_at_ms = app.store.clock.now_ms()
                lease_until_ms = (await record_of(app.store, ctx.job_id)).lease_until_ms or 0
                stopped.set()
        return "done"

    async def no_answer(receipts: object) -> list[str]:
        raise StoreUnavailable(f"no answer for {receipts}")

    handle = await work.enqueue()
    worker = Worker(app.store, app.kinds)
    with monkeypatch.context() as outage:
        outage.setattr(app.store.jobs, "renew", no_answer)
        await worker.start()
        async with asyncio.timeout(20):
            await stopped.wait()
    assert stopped_at_ms <= lease_until_ms
    assert await handle.result(timeout=20) == "done"
    await worker.stop()
    assert [each.outcome for each in (await handle.job()).attempts] == ["released"]
    job = await record_of(app.store, handle.id)
    assert (job.failures, job.crashes, job.losses) == (0, 0, 0)
