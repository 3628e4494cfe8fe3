"""What becomes of a running job that goes elsewhere than to complete: pure decisions, in the words of the tables."""

from typing import NamedTuple, assert_never

from pydantic import JsonValue

from jobhive.core.outcome import Cancel, Complete, Fail, JobError, Move, Release, Schedule
from jobhive.core.receipt import attempt_of
from jobhive.core.states import State


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
