"""Whether every job was done, and none twice."""

from typing import NamedTuple

from jobhive.bench.listing import each_job
from jobhive.core.errors import StoreRefused
from jobhive.core.record import JobFilter, JobRecord
from jobhive.core.states import State
from jobhive.store.port import Store


class Count(NamedTuple):
    """What went wrong; all zero if nothing did."""

    lost: int
    doubled: int


async def admit_empty(store: Store) -> None:
    """Raises StoreRefused for a store that is in use: the bench would fill it and count what is not its own."""
    found = sum((await store.jobs.counts()).values())
    if found:
        advice = "the bench wants an empty one: name another, or leave --url out"
        raise StoreRefused(f"{store.url} holds {found} jobs; {advice}")


async def count_faults(store: Store, expected: int) -> Count:
    """Looks at every job in the store."""
    complete = doubled = 0
    async for job in each_job(store, JobFilter()):
        complete += job.state is State.COMPLETE
        doubled += _was_repeated(job)
    return Count(expected - complete, doubled)


def _was_repeated(job: JobRecord) -> bool:
    return job.attempt > 1
