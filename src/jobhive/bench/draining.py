"""How fast workers empty a queue that was filled before."""

import asyncio
import time

from jobhive.bench.figures import per_second
from jobhive.core.record import JobFilter
from jobhive.store.port import OperatorJobs, Store

_LEAST_SECONDS = 0.002  # between two looks
_SHARE = 0.01  # of the time that has passed: so late may the end be seen, and so little do the looks take from workers


async def pause(store: Store, queue: str) -> None:
    """From now on the queue only fills."""
    await store.jobs.pause(queue, is_paused=True)


async def drain(store: Store, queue: str, count: int) -> float:
    """Jobs per second from the moment the paused queue is resumed until it is empty."""
    began = time.perf_counter()
    await store.jobs.pause(queue, is_paused=False)
    await emptied(store, queue)
    return per_second(count, began)


async def emptied(store: Store, queue: str) -> None:
    """Returns once no job of the queue is pending or running. Counting is dear, so the newest job is watched first."""
    began = time.perf_counter()
    [newest] = (await store.jobs.list(JobFilter(queue=queue), 1, None)).jobs
    while not newest.state.is_final or await _open_jobs(store.jobs, queue):
        await asyncio.sleep(max(_LEAST_SECONDS, _SHARE * (time.perf_counter() - began)))
        [newest] = await store.jobs.get([newest.job_id])


async def _open_jobs(jobs: OperatorJobs, queue: str) -> int:
    return sum(status.pending + status.running for status in await jobs.queues() if status.name == queue)
