"""Rows to facts, and back: what both engines with tables keep in the same columns."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

from pydantic_core import from_json, to_json

from jobhive.core.access import Scope
from jobhive.core.leaving import Held, Leaving
from jobhive.core.outcome import JobError
from jobhive.core.record import AttemptRecord, JobRecord, StreamHead, WorkerRecord
from jobhive.core.states import State
from jobhive.core.token import TokenRecord
from jobhive.store.port import Rescued

Row = tuple[Any, ...]

_RECORD_WIDTH = len(JobRecord._fields)
_STATE, _ERROR = JobRecord._fields.index("state"), JobRecord._fields.index("error")
_HEAD_WIDTH = len(StreamHead._fields)
_QUEUES, _KINDS = WorkerRecord._fields.index("queues"), WorkerRecord._fields.index("kinds")
_SCOPES = TokenRecord._fields.index("scopes")


def to_record(row: Row) -> JobRecord:
    """A row of the view of jobs, whose first columns stand in the record's order."""
    values = list[object](row[:_RECORD_WIDTH])
    values[_STATE] = State(cast(str, values[_STATE]))
    values[_ERROR] = load_error(cast("str | None", values[_ERROR]))
    return JobRecord._make(values)


def to_head(row: Row) -> StreamHead:
    """A row whose first columns are what a reader needs of the job itself."""
    head = StreamHead._make(row[:_HEAD_WIDTH])
    return head._replace(state=State(head.state), error=load_error(cast("str | None", head.error)))


def head_of(record: JobRecord) -> StreamHead:
    """The same, from the whole record."""
    return StreamHead._make(getattr(record, name) for name in StreamHead._fields)


def to_attempt(row: Row) -> AttemptRecord:
    """A row of `attempts.sql`."""
    return AttemptRecord._make(row)._replace(error=load_error(cast("str | None", row[-1])))


def to_worker(row: Row) -> WorkerRecord:
    """A row of `active_workers.sql`."""
    worker = WorkerRecord._make(row)
    return worker._replace(
        queues=tuple(from_json(str(row[_QUEUES]))),
        kinds=tuple(from_json(str(row[_KINDS]))),
        is_retiring=bool(worker.is_retiring),
    )


def to_token(row: Row) -> TokenRecord:
    """A row of `token.sql`."""
    scopes: Sequence[str] = json.loads(row[_SCOPES])
    return TokenRecord._make(row)._replace(scopes=tuple(map(Scope, scopes)))


def to_rescued(held: Held, why: Leaving, now_ms: int, lease_ms: int) -> Rescued:
    """A job that was taken from its owner."""
    silence_ms = max(now_ms - (held.lease_until_ms - lease_ms), 0)
    silence = timedelta(milliseconds=silence_ms)
    return Rescued(held.job_id, held.worker, why.state.value, silence, why.suspect_ms is not None)


def dump_error(error: JobError | None) -> str | None:
    """An error as the tables keep it."""
    return None if error is None else to_json(error).decode()


def load_error(text: str | None) -> JobError | None:
    """The same, back."""
    return None if text is None else JobError._make(from_json(text))
