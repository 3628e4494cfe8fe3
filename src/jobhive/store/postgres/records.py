"""Rows to facts, and errors to text and back."""

from typing import cast

from pydantic_core import from_json, to_json

from jobhive.core.errors import UnknownJob
from jobhive.core.outcome import JobError
from jobhive.core.record import AttemptRecord, JobRecord, StreamHead
from jobhive.core.states import State
from jobhive.store.postgres.database import Database, Row

_RECORD_WIDTH = len(JobRecord._fields)
_STATE, _ERROR = JobRecord._fields.index("state"), JobRecord._fields.index("error")
_HEAD_WIDTH = len(StreamHead._fields)


def to_record(row: Row) -> JobRecord:
    """A row of the view `jobhive_job_record`, whose columns stand in the record's order."""
    values = list[object](row[:_RECORD_WIDTH])
    values[_STATE] = State(cast(str, values[_STATE]))
    values[_ERROR] = load_error(cast("str | None", values[_ERROR]))
    return JobRecord._make(values)


async def locked(db: Database, job_id: str) -> JobRecord:
    """One job, which nobody else moves until the transaction ends. Raises UnknownJob."""
    row = await db.one("lock_job", {"id": job_id})
    if row is None:
        raise UnknownJob(job_id)
    return to_record(row)


def to_head(row: Row) -> StreamHead:
    """A row of `read_events.sql`, as far as it is about the job."""
    head = StreamHead._make(row[:_HEAD_WIDTH])
    return head._replace(state=State(head.state), error=load_error(cast("str | None", row[_HEAD_WIDTH - 2])))


def head_of(record: JobRecord) -> StreamHead:
    """The same, from the whole record."""
    return StreamHead._make(getattr(record, name) for name in StreamHead._fields)


def to_attempt(row: Row) -> AttemptRecord:
    """A row of `attempts.sql`."""
    return AttemptRecord._make(row)._replace(error=load_error(cast("str | None", row[-1])))


def dump_error(error: JobError | None) -> str | None:
    """An error as the tables keep it."""
    return None if error is None else to_json(error).decode()


def load_error(text: str | None) -> JobError | None:
    """The same, back."""
    return None if text is None else JobError._make(from_json(text))
