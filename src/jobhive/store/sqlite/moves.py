"""A running job goes elsewhere than to complete: by its owner's move, or taken from an owner who is gone.

The state, the counters, the attempt's record and the `attempt` event are written in the caller's transaction.
"""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue
from pydantic_core import to_json

from jobhive.core.event import ATTEMPT
from jobhive.core.leaving import Held, Leaving, coming_attempt, leaving, targets
from jobhive.core.outcome import Cancel, Fail, Move, Release, Schedule
from jobhive.core.receipt import attempt_of
from jobhive.core.states import State
from jobhive.failpoints import failpoint
from jobhive.store.rows import dump_error
from jobhive.store.signals import SCHEDULE, job_topic, queue_topic
from jobhive.store.sqlite.database import Database
from jobhive.store.sqlite.writer import Transaction

Told = tuple[str, int, Mapping[str, JsonValue]]  # type, epoch milliseconds, facts


def leave_by_move(transaction: Transaction, move: Fail | Schedule | Cancel | Release) -> bool:
    """Writes the owner's move; whether it was accepted, now or when it was first sent."""
    row = transaction.db.one("held", (move.job_id, move.token))
    if row is None:
        return stands_as(transaction.db, move)
    held = Held._make(row)
    leave(transaction, held, leaving(move, is_cancel_requested=held.cancel_requested_at_ms is not None))
    return True


def stands_as(db: Database, move: Move) -> bool:
    """Whether the job is already where the move would take it, under the move's own token: its reply was lost."""
    row = db.one("moved_under", (move.job_id, move.token))
    return row is not None and row[0] in targets(move)


def leave(transaction: Transaction, held: Held, why: Leaving) -> None:
    """Writes all that follows from a running job's leaving."""
    runs_again = not why.state.is_final
    _write_state(transaction, held, why, told=int(runs_again))
    _write_attempt(transaction, held, why)
    if runs_again:
        told = (ATTEMPT, transaction.now_ms, coming_attempt(held, why))
        append_told(transaction, held.job_id, held.token, held.last_seq + 1, [told])
    transaction.topics.add(job_topic(held.job_id))
    transaction.topics.add(SCHEDULE if why.state is State.SCHEDULED else queue_topic(held.queue))


def append_told(transaction: Transaction, job_id: str, token: int, first_seq: int, events: Sequence[Told]) -> None:
    """Stores events that the store itself tells, such as `attempt`."""
    row = (job_id, first_seq, first_seq + len(events) - 1, token, to_json(events).decode())
    transaction.db.run("append", row)
    failpoint("act.tell")


def _write_state(transaction: Transaction, held: Held, why: Leaving, *, told: int) -> None:
    now_ms = transaction.now_ms
    changes = {
        "id": held.job_id,
        "claim": held.token,
        "void": int(why.is_taken),
        "state": why.state.value,
        "run_at": None if why.delay_ms is None else now_ms + why.delay_ms,
        "finished_at": now_ms if why.state.is_final else None,
        "failures": why.failures,
        "crashes": why.crashes,
        "losses": why.losses,
        "error": dump_error(why.error),
        "reason": why.reason,
        "told": told,
        "suspect_until": None if why.suspect_ms is None else now_ms + why.suspect_ms,
    }
    transaction.db.run("leave", changes)
    failpoint("act.leave")


def _write_attempt(transaction: Transaction, held: Held, why: Leaving) -> None:
    attempt = {
        "id": held.job_id,
        "attempt": attempt_of(held.token),
        "outcome": why.outcome,
        "started_at": held.claimed_at_ms,
        "ended_at": transaction.now_ms,
        "worker": held.worker,
        "error": dump_error(why.error),
    }
    transaction.db.run("record_attempt", attempt)
    failpoint("act.note_attempt")
