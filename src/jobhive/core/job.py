"""A job as its user sees it: one immutable type per state, so that wrong code does not type-check.

`match await handle.job()` narrows; only a `CompleteJob` has a result, only a `FailedJob` an error.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypedDict, assert_never

from jobhive.core.clock import from_ms
from jobhive.core.kind import G, Kind, P, R
from jobhive.core.outcome import JobError
from jobhive.core.receipt import Claim
from jobhive.core.record import AttemptRecord, JobRecord
from jobhive.core.states import State


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that did not complete the job."""

    number: int
    outcome: str  # failed, snoozed, released, crashed, lost, cancelled
    started_at: datetime
    ended_at: datetime
    worker: str | None
    error: JobError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _AnyJob(Generic[P]):
    id: str
    kind: str
    queue: str
    params: P
    priority: int
    owner: str
    key: str | None
    max_retries: int
    created_at: datetime
    attempt: int  # attempts begun so far, over all claims
    failures: int  # attempts that failed by themselves
    attempts: tuple[Attempt, ...]  # those that did not complete the job, oldest first


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingJob(_AnyJob[P], Generic[P]):
    """Waits on something other than time: parents, a signal, a concurrency slot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledJob(_AnyJob[P], Generic[P]):
    """Due later: delayed at its creation, snoozed, or between two attempts."""

    run_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingJob(_AnyJob[P], Generic[P]):
    """Ready; the next free worker takes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningJob(_AnyJob[P], Generic[P, G]):
    """A worker holds its lease."""

    started_at: datetime  # of this attempt
    worker: str
    progress: G | None
    is_cancel_requested: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteJob(_AnyJob[P], Generic[P, R]):
    """Done; the result was recorded exactly once."""

    started_at: datetime
    finished_at: datetime
    result: R


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedJob(_AnyJob[P], Generic[P]):
    """Given up; a dead letter until somebody retries or purges it."""

    started_at: datetime
    finished_at: datetime
    error: JobError


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelledJob(_AnyJob[P], Generic[P]):
    """Stopped on request; `started_at` is None where it never ran."""

    started_at: datetime | None
    finished_at: datetime
    reason: str


Job = (
    WaitingJob[P]
    | ScheduledJob[P]
    | PendingJob[P]
    | RunningJob[P, G]
    | CompleteJob[P, R]
    | FailedJob[P]
    | CancelledJob[P]
)


def typed(record: JobRecord, kind: Kind[P, G, R], attempts: Iterable[AttemptRecord] = ()) -> Job[P, G, R]:
    """The record as its state's type. Raises InvalidInput if what is stored no longer fits the kind."""
    common = _common(record, kind.read_params(record.params), attempts)
    match record.state:
        case State.WAITING:
            return WaitingJob(**common)
        case State.SCHEDULED:
            return ScheduledJob(**common, run_at=_at(record.run_at_ms))
        case State.PENDING:
            return PendingJob(**common)
        case State.RUNNING:
            return _running(record, kind, common)
        case State.COMPLETE:
            return _complete(record, kind, common)
        case State.FAILED:
            return _failed(record, common)
        case State.CANCELLED:
            return _cancelled(record, common)
    assert_never(record.state)


def running(claim: Claim, kind: Kind[P, G, R], params: P) -> RunningJob[P, G]:
    """The job of a fresh claim, as its handler sees it: no progress yet, earlier attempts not loaded."""
    return RunningJob(
        id=claim.job_id,
        kind=kind.name,
        queue=claim.queue,
        params=params,
        priority=claim.priority,
        owner=claim.owner,
        key=claim.key,
        max_retries=claim.max_retries,
        created_at=from_ms(claim.created_at_ms),
        attempt=claim.attempt,
        failures=claim.failures,
        attempts=(),
        started_at=from_ms(claim.claimed_at_ms),
        worker=claim.worker,
        progress=None,
        is_cancel_requested=False,
    )


class _Common(TypedDict, Generic[P]):
    id: str
    kind: str
    queue: str
    params: P
    priority: int
    owner: str
    key: str | None
    max_retries: int
    created_at: datetime
    attempt: int
    failures: int
    attempts: tuple[Attempt, ...]


def _common(record: JobRecord, params: P, attempts: Iterable[AttemptRecord]) -> _Common[P]:
    return _Common[P](
        id=record.job_id,
        kind=record.kind,
        queue=record.queue,
        params=params,
        priority=record.priority,
        owner=record.owner,
        key=record.key,
        max_retries=record.max_retries,
        created_at=from_ms(record.created_at_ms),
        attempt=record.attempt,
        failures=record.failures,
        attempts=tuple(map(_attempt, attempts)),
    )


def _attempt(record: AttemptRecord) -> Attempt:
    return Attempt(
        number=record.attempt,
        outcome=record.outcome,
        started_at=from_ms(record.started_at_ms),
        ended_at=from_ms(record.ended_at_ms),
        worker=record.worker,
        error=record.error,
    )


def _running(record: JobRecord, kind: Kind[P, G, R], common: _Common[P]) -> RunningJob[P, G]:
    return RunningJob(
        **common,
        started_at=_at(record.claimed_at_ms),
        worker=record.worker or "",
        progress=None if record.progress is None else kind.read_progress(record.progress),
        is_cancel_requested=record.cancel_requested_at_ms is not None,
    )


def _complete(record: JobRecord, kind: Kind[P, G, R], common: _Common[P]) -> CompleteJob[P, R]:
    return CompleteJob(
        **common,
        started_at=_at(record.claimed_at_ms),
        finished_at=_at(record.finished_at_ms),
        result=kind.read_result(record.result or "null"),
    )


def _failed(record: JobRecord, common: _Common[P]) -> FailedJob[P]:
    error = record.error or JobError("UnknownError", "the store kept no error for this job", "", "JOB_ERROR")
    return FailedJob(
        **common, started_at=_at(record.claimed_at_ms), finished_at=_at(record.finished_at_ms), error=error
    )


def _cancelled(record: JobRecord, common: _Common[P]) -> CancelledJob[P]:
    return CancelledJob(
        **common,
        started_at=None if record.claimed_at_ms is None else _at(record.claimed_at_ms),
        finished_at=_at(record.finished_at_ms),
        reason=record.reason or "",
    )


def _at(epoch_ms: int | None) -> datetime:
    return from_ms(epoch_ms or 0)
