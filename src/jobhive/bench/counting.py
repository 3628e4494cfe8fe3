"""Whether every job was done, and none twice."""

from typing import NamedTuple

from jobhive.core.errors import StoreRefused
from jobhive.core.record import JobFilter, JobRecord
from jobhive.core.states import State
from jobhive.store.port import Store

_PAGE = 1_000


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
    cursor: str | None = None
    while True:
        jobs, cursor = await store.jobs.list(JobFilter(), _PAGE, cursor)
        complete += sum(job.state is State.COMPLETE for job in jobs)
        doubled += sum(_was_repeated(job) for job in jobs)
        if cursor is None:
            return Count(expected - complete, doubled)


def _was_repeated(job: JobRecord) -> bool:
    return job.attempt > 1
