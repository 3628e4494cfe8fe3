"""How fast workers empty a queue that was filled before."""

from collections.abc import Sequence

from jobhive.bench.listing import each_job
from jobhive.core.record import JobFilter, JobRecord
from jobhive.store.port import OperatorJobs, Store
from jobhive.store.signals import job_topic

_BELL_SECONDS, _POLL_SECONDS = 1.0, 0.1


async def pause(store: Store, queue: str) -> None:
    """From now on the queue only fills."""
    await store.jobs.pause(queue, is_paused=True)


async def drain(store: Store, queue: str) -> float:
    """Resumes the paused queue. Jobs per second by their own times, from the first claim to the last end: looking on
    counts for nothing."""
    await store.jobs.pause(queue, is_paused=False)
    await emptied(store, queue)
    return drained_per_second([job async for job in each_job(store, JobFilter(queue=queue))])


def drained_per_second(jobs: Sequence[JobRecord]) -> float:
    """Of at least one job, all of which have ended."""
    starts, ends = [job.claimed_at_ms or 0 for job in jobs], [job.finished_at_ms or 0 for job in jobs]
    return round(len(jobs) * 1_000 / max(max(ends) - min(starts), 1), 1)


async def emptied(store: Store, queue: str) -> None:
    """Returns once no job of the queue is pending or running. It waits for the newest job's bell: looking takes a core
    from the workers."""
    [newest] = (await store.jobs.list(JobFilter(queue=queue), 1, None)).jobs
    with store.signals.listen(job_topic(newest.job_id)) as wake:
        while not newest.state.is_final:
            await wake.wait(_BELL_SECONDS)
            [newest] = await store.jobs.get([newest.job_id])
        while await _open_jobs(store.jobs, queue):
            await wake.wait(_POLL_SECONDS)


async def _open_jobs(jobs: OperatorJobs, queue: str) -> int:
    return sum(status.pending + status.running for status in await jobs.queues() if status.name == queue)
