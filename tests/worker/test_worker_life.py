"""A worker as others see it, and an operator's wish that it retire."""

import asyncio
import logging
import os

import pytest

from jobhive import Context, Jobhive, PendingJob
from jobhive.store.signals import WORKERS
from jobhive.testing import wait_for_job
from jobhive.worker.worker import Worker


async def seen(app: Jobhive, state: str) -> None:
    """Waits until the only active worker says that it is in this state."""
    async with asyncio.timeout(20):
        with app.store.signals.listen(WORKERS) as wake:
            while [worker.state for worker in await app.store.workers.active()] != [state]:
                await wake.wait(1)


async def test_an_active_worker_says_who_it_is_and_what_it_serves(  # H1, O3
    app: Jobhive, caplog: pytest.LogCaptureFixture
) -> None:
    @app.job(queue="mail")
    async def send() -> None: ...

    @app.job()
    async def count() -> None: ...

    caplog.set_level(logging.INFO, "jobhive")
    async with app.worker(name="alice", concurrency=7) as worker:
        await seen(app, "ready")
        [active] = await app.store.workers.active()
    assert (active.worker_id, active.name, active.pid, active.slots) == (worker.id, "alice", os.getpid(), 7)
    assert (active.queues, active.kinds) == (("mail", "default"), ("send", "count"))
    assert await app.store.workers.active() == []
    assert "worker started alice: serves mail, default" in caplog.messages
    assert "worker stopped alice: 0 jobs done" in caplog.messages


async def test_it_counts_the_jobs_that_it_brought_to_an_end(app: Jobhive) -> None:  # S12
    @app.job(max_retries=0)
    async def divide(a: int, b: int) -> float:
        return a / b

    handles = await divide.enqueue_many([{"a": 1, "b": b} for b in (0, 1, 2, 0, 4)])
    async with app.worker() as worker:
        for handle in handles:
            await wait_for_job(app.store, handle.id, lambda job: job.state.is_final, "it did not end")
    assert (worker.completed, worker.errors) == (3, 2)
    assert (worker.describe().completed, worker.describe().errors, worker.describe().running) == (3, 2, 0)


async def test_a_worker_that_is_to_retire_finishes_and_takes_nothing_new(app: Jobhive) -> None:  # O3
    gate = asyncio.Event()

    @app.job()
    async def work(ctx: Context) -> str:
        await ctx.log("runs")
        await gate.wait()
        return "done"

    first = await work.enqueue()
    worker = Worker(app.store, app.kinds)
    await worker.start()
    await wait_for_job(app.store, first.id, lambda job: job.last_seq > 1, "it told nothing")
    await app.store.workers.retire(worker.id)
    async with asyncio.timeout(20):
        await worker.retired.wait()
    assert worker.describe().state == "stopping"
    second = await work.enqueue()
    gate.set()
    assert await first.result(timeout=20) == "done"
    await worker.stop()
    assert isinstance(await second.job(), PendingJob)


async def test_its_jobs_are_told_in_the_log_where_they_did_not_complete(
    app: Jobhive, caplog: pytest.LogCaptureFixture
) -> None:  # O9
    @app.job(max_retries=1)
    async def fail() -> None:
        raise LookupError("nothing there")

    caplog.set_level(logging.INFO, "jobhive")
    await fail.options(max_retries=0).enqueue()
    await fail.enqueue()
    await app.run_until_idle()
    assert "worker failed fail: given up: LookupError: nothing there" in caplog.messages
    assert any(line.startswith("worker retry fail: LookupError: nothing there; runs again") for line in caplog.messages)
