"""One job, looked up and locked."""

from jobhive.core.errors import UnknownJob
from jobhive.core.record import JobRecord
from jobhive.store.postgres.database import Database
from jobhive.store.rows import to_record


async def locked(db: Database, job_id: str) -> JobRecord:
    """One job, which nobody else moves until the transaction ends. Raises UnknownJob."""
    row = await db.one("lock_job", {"id": job_id})
    if row is None:
        raise UnknownJob(job_id)
    return to_record(row)
