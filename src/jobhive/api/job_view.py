"""A job as clients see it: what its state has, and nothing else."""

from collections.abc import Sequence
from datetime import datetime
from typing import NotRequired

from pydantic import JsonValue
from pydantic_core import from_json
from typing_extensions import TypedDict

from jobhive.core.clock import from_ms
from jobhive.core.outcome import JobError
from jobhive.core.record import AttemptRecord, JobRecord
from jobhive.core.states import State


class ErrorView(TypedDict):
    """Why an attempt failed; its traceback stays with the server."""

    type: str
    code: str
    message: str


class AttemptView(TypedDict):
    """An attempt that did not complete the job."""

    attempt: int
    outcome: str
    started_at: datetime
    ended_at: datetime
    worker: NotRequired[str]
    error: NotRequired[ErrorView]


class JobView(TypedDict):
    """A job; what its state does not have is left out."""

    id: str
    kind: str
    queue: str
    state: State
    params: JsonValue
    priority: int
    owner: str
    key: NotRequired[str]
    attempt: int
    failures: int
    crashes: int
    max_retries: int
    created_at: datetime
    run_at: NotRequired[datetime]
    started_at: NotRequired[datetime]
    finished_at: NotRequired[datetime]
    worker: NotRequired[str]
    progress: NotRequired[JsonValue]
    result: NotRequired[JsonValue]
    error: NotRequired[ErrorView]
    reason: NotRequired[str]
    cancel_requested: NotRequired[bool]
    attempts: NotRequired[list[AttemptView]]  # left out of listings
    sse_url: str


def sse_url(job_id: str) -> str:
    """Where the job's events are."""
    return f"/v1/jobs/{job_id}/stream"


def job_view(record: JobRecord) -> JobView:
    """The job without its attempts."""
    view: JobView = {
        "id": record.job_id,
        "kind": record.kind,
        "queue": record.queue,
        "state": record.state,
        "params": _value(record.params),
        "priority": record.priority,
        "owner": record.owner,
        "attempt": record.attempt,
        "failures": record.failures,
        "crashes": record.crashes,
        "max_retries": record.max_retries,
        "created_at": from_ms(record.created_at_ms),
        "sse_url": sse_url(record.job_id),
    }
    if record.key is not None:
        view["key"] = record.key
    if record.progress is not None:
        view["progress"] = _value(record.progress)
    _tell_state(view, record)
    return view


def whole_job_view(record: JobRecord, attempts: Sequence[AttemptRecord]) -> JobView:
    """The job with its attempts."""
    view = job_view(record)
    view["attempts"] = [_attempt_view(attempt) for attempt in attempts]
    return view


def _tell_state(view: JobView, record: JobRecord) -> None:
    if record.state is State.SCHEDULED and record.run_at_ms is not None:
        view["run_at"] = from_ms(record.run_at_ms)
    if record.state is State.RUNNING:
        view["cancel_requested"] = record.cancel_requested_at_ms is not None
    if record.state is State.RUNNING or record.state.is_final:
        _tell_run(view, record)
    _tell_end(view, record)


def _tell_run(view: JobView, record: JobRecord) -> None:
    if record.claimed_at_ms is not None:
        view["started_at"] = from_ms(record.claimed_at_ms)
    if record.worker is not None:
        view["worker"] = record.worker


def _tell_end(view: JobView, record: JobRecord) -> None:
    if record.finished_at_ms is not None:
        view["finished_at"] = from_ms(record.finished_at_ms)
    if record.state is State.COMPLETE:
        view["result"] = _value(record.result or "null")
    if record.state is State.FAILED and record.error is not None:
        view["error"] = _error_view(record.error)
    if record.state is State.CANCELLED:
        view["reason"] = record.reason or ""


def _attempt_view(record: AttemptRecord) -> AttemptView:
    view: AttemptView = {
        "attempt": record.attempt,
        "outcome": record.outcome,
        "started_at": from_ms(record.started_at_ms),
        "ended_at": from_ms(record.ended_at_ms),
    }
    if record.worker is not None:
        view["worker"] = record.worker
    if record.error is not None:
        view["error"] = _error_view(record.error)
    return view


def _error_view(error: JobError) -> ErrorView:
    return {"type": error.type, "code": error.code, "message": error.message}


def _value(text: str) -> JsonValue:
    value: JsonValue = from_json(text)
    return value
