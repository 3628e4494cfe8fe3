"""One job, looked up."""

from jobhive.core.record import JobRecord
from jobhive.store.rows import to_record
from jobhive.store.sqlite.database import Database


def find(db: Database, job_id: str) -> JobRecord | None:
    """One job, or None."""
    row = db.one("get", {"id": job_id})
    return None if row is None else to_record(row)
