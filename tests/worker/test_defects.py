"""A worker that meets a defect of ours ends loudly: it keeps no job that it would do nothing for."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jobhive import Context, Jobhive, WorkerFailed
from jobhive.core.errors import StoreUnavailable
from jobhive.core.states import State
from jobhive.testing import expire_leases, wait_for_state
from jobhive.worker.worker import Worker
from tests.worker.failing_part import FailingPart


@pytest.fixture
async def elsewhere(app: Jobhive, tmp_path: Path) -> AsyncIterator[Jobhive]:
    async with Jobhive(str(tmp_path / "jobhive.db")) as elsewhere:
        yield elsewhere


@pytest.mark.parametrize(
    ("part", "method"),
    [
        ("jobs", "claim"),
        ("jobs", "finish"),
        ("jobs", "renew"),
        ("jobs", "cancel_requests"),
        ("workers", "beat"),
        ("events", "append"),
    ],
)
async def test_a_defect_in_any_loop_ends_the_worker_and_loses_no_job(  # D9
    app: Jobhive, elsewhere: Jobhive, monkeypatch: pytest.MonkeyPatch, part: str, method: str
) -> None:
    is_first = True

    async def work(ctx: Context) -> str:
        nonlocal is_first
        if is_first:
            is_first = False
            await ctx.log("a line")
            if method != "finish":
                await asyncio.Event().wait()
        return "done"

    handle = await app.job()(work).enqueue()
    elsewhere.job()(work)
    monkeypatch.setattr(app.store, part, FailingPart(getattr(app.store, part), method, ZeroDivisionError("a defect")))
    monkeypatch.setattr("jobhive.worker.lease._RENEWALS_PER_LEASE", 30_000)
    worker = Worker(app.store, app.kinds, poll_interval=0.001)
    await worker.start()
    async with asyncio.timeout(20):
        await worker.retired.wait()
    with pytest.raises(WorkerFailed, match="worker met a defect and works no more: ZeroDivisionError: a defect"):
        await worker.stop()
    monkeypatch.undo()
    expire_leases(app.store, elsewhere.store)
    await elsewhere.store.jobs.rescue(10)
    is_first = False
    async with elsewhere.worker():
        record = await wait_for_state(elsewhere.store, handle.id)
    assert (record.state, record.result) == (State.COMPLETE, '"done"')


async def test_a_store_that_is_away_is_no_defect(app: Jobhive, monkeypatch: pytest.MonkeyPatch) -> None:
    away = FailingPart(app.store.jobs, "claim", StoreUnavailable("it does not answer"))
    app.job(queue="default")(_nothing)
    monkeypatch.setattr(app.store, "jobs", away)
    worker = Worker(app.store, app.kinds)
    await worker.start()
    async with asyncio.timeout(20):
        await away.has_failed.wait()
    await worker.stop()
    assert not worker.retired.is_set()


async def _nothing() -> None:
    pass


async def test_running_until_idle_ends_with_a_worker_that_failed(  # D9
    app: Jobhive, monkeypatch: pytest.MonkeyPatch
) -> None:
    @app.job()
    async def work() -> None: ...

    await work.enqueue()
    monkeypatch.setattr(app.store, "jobs", FailingPart(app.store.jobs, "claim", ZeroDivisionError("a defect")))
    async with asyncio.timeout(20):
        with pytest.raises(WorkerFailed, match="a defect"):
            await app.run_until_idle()


async def test_running_until_idle_ends_with_a_worker_that_retired(app: Jobhive) -> None:  # O3
    @app.job()
    async def work() -> None:
        [worker] = await app.store.workers.active()
        await app.store.workers.retire(worker.worker_id)
        await app.enqueue("work", {})  # again and again, but for whoever retired

    await work.enqueue()
    async with asyncio.timeout(20):
        await app.run_until_idle()
