"""One load on the store that `$JOBHIVE_URL` names, however full it is: enqueued in batches, then drained.

The drain is timed by the jobs' own times, from the first claim to the last end, so that looking on counts for nothing.
"""

import argparse
import asyncio
import json
import time
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

from jobhive.app import Jobhive
from jobhive.bench.draining import drained_per_second, emptied, pause
from jobhive.bench.enqueueing import enqueue_batches
from jobhive.bench.figures import per_second
from jobhive.bench.plan import BATCH, Plan
from jobhive.bench.workers import beside, worker_programs
from jobhive.bench.workload import app, compute, noop
from jobhive.client.function import Enqueuer, JobFunction
from jobhive.core.record import JobRecord

_QUEUE, _WARM = "full", "warm"  # the first is paused while it is filled
_WARM_JOBS = 2_000

WORKS: dict[str, JobFunction[..., Any, ..., Any]] = {"noop": noop, "compute": compute}


class Rates(NamedTuple):
    """Jobs per second."""

    enqueue_many_per_s: float
    drain_per_s: float


async def measure(plan: Plan, work: str, bystanders: int) -> Rates:
    """Both figures. Raises AssertionError where a job took more than one attempt, ChildFailed."""
    async with AsyncExitStack() as stack:
        for each in (app, *(Jobhive() for _ in range(bystanders))):
            await stack.enter_async_context(each)
        await enqueue_batches(noop, _WARM_JOBS)
        await pause(app.store, _QUEUE)
        began = time.perf_counter()
        job_ids = await _enqueue(plan.jobs, WORKS[work].options(queue=_QUEUE))
        enqueue_many_per_s = per_second(plan.jobs, began)
        programs = worker_programs(plan, (_QUEUE, _WARM))
        return Rates(enqueue_many_per_s, await beside(app.store, programs, lambda: _drain(job_ids)))


async def _enqueue(jobs: int, kind: Enqueuer[..., Any]) -> list[str]:
    handles = [
        await kind.enqueue_many({"number": number} for number in range(first, min(first + BATCH, jobs)))
        for first in range(0, jobs, BATCH)
    ]
    return [handle.id for batch in handles for handle in batch]


async def _drain(job_ids: list[str]) -> float:
    await app.store.jobs.pause(_QUEUE, is_paused=False)
    await emptied(app.store, _QUEUE)
    found = await _get(job_ids)
    assert all(job.state.is_final and job.attempt == 1 for job in found), "a job took more than one attempt"
    return drained_per_second(found)


async def _get(job_ids: list[str]) -> list[JobRecord]:
    batches = [await app.store.jobs.get(job_ids[at : at + BATCH]) for at in range(0, len(job_ids), BATCH)]
    return [job for batch in batches for job in batch]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--jobs", type=int, required=True)
    parser.add_argument("--processes", type=int, default=1, help="of workers")
    parser.add_argument("--work", choices=WORKS, default="noop", help="what the handlers do")
    parser.add_argument("--concurrency", type=int, default=1_000, help="jobs at once in each of them")
    parser.add_argument("--bystanders", type=int, default=0, help="further stores that are open and do nothing")
    asked = parser.parse_args()
    plan = Plan(asked.jobs, asked.processes, asked.concurrency)
    print(json.dumps(asyncio.run(measure(plan, asked.work, asked.bystanders))._asdict()))


if __name__ == "__main__":
    main()
