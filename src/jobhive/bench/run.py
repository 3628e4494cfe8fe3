"""One run of the bench, from an empty store to its figures."""

from collections.abc import Callable
from typing import NamedTuple

from jobhive.bench.counting import admit_empty, count_faults
from jobhive.bench.draining import drain, emptied, pause
from jobhive.bench.enqueueing import enqueue_batches, enqueue_concurrently, enqueue_one_by_one
from jobhive.bench.figures import Figures
from jobhive.bench.idle import Latency, latency
from jobhive.bench.plan import CALLERS, Plan
from jobhive.bench.telling import events_per_second
from jobhive.bench.workers import beside, worker_programs
from jobhive.bench.workload import app, noop, wait

Tell = Callable[[int, str], None]  # per cent done, and what comes next

_FULL = "full"  # paused while it is filled
_QUEUES = ("idle", _FULL, "io", "warm")


class Enqueued(NamedTuple):
    """Jobs per second into the store, no worker near."""

    one: float
    concurrent: float
    many: float


class Worked(NamedTuple):
    """What workers did."""

    drain_per_s: float
    io_per_s: float
    latency: Latency
    events_per_s: float


async def measure(plan: Plan, tell: Tell) -> Figures:
    """Enqueues, then drains, then waits for single jobs. Raises StoreRefused unless the store is empty, ChildFailed."""
    async with app:
        await admit_empty(app.store)
        enqueued = await _enqueue(plan, tell)
        tell(25, "starting workers")
        worked = await beside(app.store, worker_programs(plan, _QUEUES), lambda: _work(plan, tell))
        tell(90, "counting")
        faults = await count_faults(app.store, plan.all_jobs)
    return Figures(
        store=app.store.url.partition(":")[0],
        jobs=plan.jobs,
        enqueue_one_per_s=enqueued.one,
        enqueue_concurrent_per_s=enqueued.concurrent,
        enqueue_many_per_s=enqueued.many,
        drain_per_s=worked.drain_per_s,
        drain_processes=plan.processes,
        io_per_s=worked.io_per_s,
        start_ms=worked.latency.start_ms,
        result_ms=worked.latency.result_ms,
        events_per_s=worked.events_per_s,
        lost=faults.lost,
        doubled=faults.doubled,
    )


async def _enqueue(plan: Plan, tell: Tell) -> Enqueued:
    tell(0, "enqueueing one after the other")
    one = await enqueue_one_by_one(plan.one_by_one)
    tell(8, f"enqueueing by {CALLERS} callers")
    concurrent = await enqueue_concurrently(plan.concurrent, CALLERS)
    tell(16, "enqueueing in batches")
    await pause(app.store, _FULL)
    return Enqueued(one, concurrent, await enqueue_batches(noop.options(queue=_FULL), plan.jobs))


async def _work(plan: Plan, tell: Tell) -> Worked:
    """What was enqueued first warms the workers up."""
    tell(30, "warming up")
    await emptied(app.store, "warm")
    tell(35, "draining")
    drain_per_s = await drain(app.store, _FULL)
    tell(55, "running jobs that wait 10 ms")
    await pause(app.store, "io")
    await enqueue_batches(wait, plan.io)
    io_per_s = await drain(app.store, "io")
    tell(65, "starting single jobs")
    waited = await latency(plan.samples)
    tell(80, "telling events")
    return Worked(drain_per_s, io_per_s, waited, await events_per_second(plan.events))
