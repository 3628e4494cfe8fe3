"""How fast workers empty a queue that was filled before."""

import time

from jobhive.bench.figures import per_second
from jobhive.core.record import JobFilter
from jobhive.store.port import OperatorJobs, Store
from jobhive.store.signals import job_topic

_POLL_SECONDS = 0.1  # in case a wake-up is lost
_LOOK_SECONDS = 0.002  # between two looks at what is left after the newest job's end


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
    """Returns once no job of the queue is pending or running. It waits for the newest job's bell: looking takes a core
    from the workers."""
    [newest] = (await store.jobs.list(JobFilter(queue=queue), 1, None)).jobs
    with store.signals.listen(job_topic(newest.job_id)) as wake:
        while not newest.state.is_final or await _open_jobs(store.jobs, queue):
            await wake.wait(_LOOK_SECONDS if newest.state.is_final else _POLL_SECONDS)
            [newest] = await store.jobs.get([newest.job_id])


async def _open_jobs(jobs: OperatorJobs, queue: str) -> int:
    return sum(status.pending + status.running for status in await jobs.queues() if status.name == queue)
