"""What becomes of a running job that goes elsewhere than to complete: pure decisions, in the words of the tables."""

from collections.abc import Sequence
from typing import NamedTuple, assert_never

from pydantic import JsonValue

from jobhive.core.outcome import Cancel, Complete, Fail, JobError, Move, Release, Schedule
from jobhive.core.receipt import Receipt, attempt_of
from jobhive.core.rescue import Death, Evidence, judge, weigh
from jobhive.core.states import State

LONGEST_LEASES = 10  # a lease that ends later than so many from now was given by another clock


class Held(NamedTuple):
    """A running job, as the engines read it for whoever lets go of it or takes it back."""

    job_id: str
    token: int
    queue: str
    last_seq: int
    claimed_at_ms: int
    worker: str
    cancel_requested_at_ms: int | None
    on_crash: str
    crashes: int
    losses: int
    lease_until_ms: int


class Leaving(NamedTuple):
    """Where the job goes and what is remembered of the attempt."""

    state: State
    outcome: str  # of the attempt: failed, snoozed, released, crashed, lost, cancelled
    reason: str
    error: JobError | None = None
    delay_ms: int | None = None  # until it runs again
    failures: int = 0
    crashes: int = 0
    losses: int = 0
    is_taken: bool = False  # the owner did not ask: its token is made void
    suspect_ms: int | None = None  # so long it is a suspect


def targets(move: Move) -> frozenset[State]:
    """The states in which the move's job may stand once the move is written."""
    match move:
        case Complete():
            return frozenset({State.COMPLETE})
        case Fail():
            return frozenset({State.FAILED})
        case Schedule():
            return frozenset({State.SCHEDULED, State.PENDING, State.CANCELLED})
        case Cancel():
            return frozenset({State.CANCELLED})
        case Release():
            return frozenset({State.PENDING, State.CANCELLED})
    assert_never(move)


def leaving(move: Fail | Schedule | Cancel | Release, *, is_cancel_requested: bool) -> Leaving:
    """What the owner's move makes of its job."""
    match move:
        case Fail():
            return Leaving(State.FAILED, "failed", "failed", move.error, failures=1)
        case Cancel():
            return Leaving(State.CANCELLED, "cancelled", move.reason)
        case Schedule():
            return _unless_cancelled(is_cancel_requested, _later(move))
        case Release():
            return _unless_cancelled(is_cancel_requested, Leaving(State.PENDING, "released", move.reason))
    assert_never(move)


def taken_from(jobs: Sequence[Held], death: Death | None, lease_ms: int) -> list[tuple[Held, Leaving]]:
    """What becomes of all jobs of a worker that is known to be dead."""
    weighed = weigh([Receipt(held.job_id, held.token) for held in jobs], death)
    how = None if death is None else death.how
    return [(held, _taken(held, evidence, how, lease_ms)) for held, evidence in zip(jobs, weighed, strict=True)]


def _taken(held: Held, evidence: Evidence, how: str | None, lease_ms: int) -> Leaving:
    """What becomes of one job whose owner is gone. A suspect is one for a lease."""
    verdict = judge(
        evidence,
        on_crash=held.on_crash,
        crashes=held.crashes,
        losses=held.losses,
        is_cancel_requested=held.cancel_requested_at_ms is not None,
        worker=held.worker,
        how=how,
    )
    where = verdict._asdict()
    suspect_ms = lease_ms if where.pop("is_suspect") else None
    return Leaving(**where, is_taken=True, suspect_ms=suspect_ms)


def coming_attempt(held: Held, why: Leaving) -> dict[str, JsonValue]:
    """The facts of the `attempt` event that follows where the job runs again."""
    return {"n": attempt_of(held.token) + 1, "reason": why.reason, **_public(why.error)}


def _later(move: Schedule) -> Leaving:
    if move.error is None:
        return Leaving(State.SCHEDULED, "snoozed", move.reason, delay_ms=move.delay_ms)
    return Leaving(State.SCHEDULED, "failed", move.reason, move.error, delay_ms=move.delay_ms, failures=1)


def _unless_cancelled(is_cancel_requested: bool, why: Leaving) -> Leaving:
    """Somebody asked for the end: the attempt ends as it did, but no other follows."""
    if not is_cancel_requested:
        return why
    return why._replace(state=State.CANCELLED, reason="cancel requested", delay_ms=None)


def _public(error: JobError | None) -> dict[str, JsonValue]:
    return {} if error is None else {"error": {"code": error.code, "type": error.type, "message": error.message}}
