"""A running job goes elsewhere than to complete: by its owner's move, or taken from an owner who is gone.

The state, the counters, the attempt's record and the `attempt` event are written in the caller's transaction.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, assert_never

from pydantic import JsonValue
from pydantic_core import to_json

from jobhive.core.event import ATTEMPT
from jobhive.core.outcome import Cancel, Complete, Fail, JobError, Move, Release, Schedule
from jobhive.core.receipt import attempt_of
from jobhive.core.states import State
from jobhive.failpoints import failpoint
from jobhive.store.signals import SCHEDULE, job_topic, queue_topic
from jobhive.store.sqlite.database import Database
from jobhive.store.sqlite.records import dump_error
from jobhive.store.sqlite.writer import Transaction

Told = tuple[str, int, Mapping[str, JsonValue]]  # type, epoch milliseconds, facts


class Held(NamedTuple):
    """A running job, as `held.sql` and its siblings give it."""

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


def leave_by_move(transaction: Transaction, move: Fail | Schedule | Cancel | Release) -> bool:
    """Writes the owner's move; whether it was accepted, now or when it was first sent."""
    row = transaction.db.one("held", (move.job_id, move.token))
    if row is None:
        return stands_as(transaction.db, move)
    held = Held._make(row)
    leave(transaction, held, _leaving(move, is_cancel_requested=held.cancel_requested_at_ms is not None))
    return True


def stands_as(db: Database, move: Move) -> bool:
    """Whether the job is already where the move would take it, under the move's own token: its reply was lost."""
    row = db.one("moved_under", (move.job_id, move.token))
    return row is not None and row[0] in _targets(move)


def _targets(move: Move) -> frozenset[State]:
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


def _leaving(move: Fail | Schedule | Cancel | Release, *, is_cancel_requested: bool) -> Leaving:
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


def _later(move: Schedule) -> Leaving:
    if move.error is None:
        return Leaving(State.SCHEDULED, "snoozed", move.reason, delay_ms=move.delay_ms)
    return Leaving(State.SCHEDULED, "failed", move.reason, move.error, delay_ms=move.delay_ms, failures=1)


def _unless_cancelled(is_cancel_requested: bool, leaving: Leaving) -> Leaving:
    """Somebody asked for the end: the attempt ends as it did, but no other follows."""
    if not is_cancel_requested:
        return leaving
    return leaving._replace(state=State.CANCELLED, reason="cancel requested", delay_ms=None)


def leave(transaction: Transaction, held: Held, leaving: Leaving) -> None:
    """Writes all that follows from a running job's leaving."""
    runs_again = not leaving.state.is_final
    _write_state(transaction, held, leaving, told=int(runs_again))
    _write_attempt(transaction, held, leaving)
    if runs_again:
        coming = {"n": attempt_of(held.token) + 1, "reason": leaving.reason, **_public(leaving.error)}
        told = (ATTEMPT, transaction.now_ms, coming)
        append_told(transaction, held.job_id, held.token, held.last_seq + 1, [told])
    transaction.topics.add(job_topic(held.job_id))
    transaction.topics.add(SCHEDULE if leaving.state is State.SCHEDULED else queue_topic(held.queue))


def append_told(transaction: Transaction, job_id: str, token: int, first_seq: int, events: Sequence[Told]) -> None:
    """Stores events that the store itself tells, such as `attempt`."""
    row = (job_id, first_seq, first_seq + len(events) - 1, token, to_json(events).decode())
    transaction.db.run("append", row)
    failpoint("act.tell")


def _write_state(transaction: Transaction, held: Held, leaving: Leaving, *, told: int) -> None:
    now_ms = transaction.now_ms
    changes = {
        "id": held.job_id,
        "claim": held.token,
        "void": int(leaving.is_taken),
        "state": leaving.state.value,
        "run_at": None if leaving.delay_ms is None else now_ms + leaving.delay_ms,
        "finished_at": now_ms if leaving.state.is_final else None,
        "failures": leaving.failures,
        "crashes": leaving.crashes,
        "losses": leaving.losses,
        "error": dump_error(leaving.error),
        "reason": leaving.reason,
        "told": told,
        "suspect_until": None if leaving.suspect_ms is None else now_ms + leaving.suspect_ms,
    }
    transaction.db.run("leave", changes)
    failpoint("act.leave")


def _write_attempt(transaction: Transaction, held: Held, leaving: Leaving) -> None:
    attempt = {
        "id": held.job_id,
        "attempt": attempt_of(held.token),
        "outcome": leaving.outcome,
        "started_at": held.claimed_at_ms,
        "ended_at": transaction.now_ms,
        "worker": held.worker,
        "error": dump_error(leaving.error),
    }
    transaction.db.run("record_attempt", attempt)
    failpoint("act.note_attempt")


def _public(error: JobError | None) -> dict[str, JsonValue]:
    return {} if error is None else {"error": {"code": error.code, "type": error.type, "message": error.message}}
