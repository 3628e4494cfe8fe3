"""All jobs that match, page by page."""

from collections.abc import AsyncGenerator

from jobhive.core.record import JobFilter, JobRecord
from jobhive.store.port import Store

_PAGE = 1_000


async def each_job(store: Store, wanted: JobFilter) -> AsyncGenerator[JobRecord]:
    """The newest first."""
    cursor: str | None = None
    while True:
        page, cursor = await store.jobs.list(wanted, _PAGE, cursor)
        for job in page:
            yield job
        if cursor is None:
            return
