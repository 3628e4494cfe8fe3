"""Running jobs go elsewhere than to complete: by their owners' moves, or taken from owners who are gone.

States, counters, the attempts' records and the `attempt` events are written in the caller's transaction, in which the
jobs' rows are locked: four statements for any number of jobs.
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
from jobhive.store.postgres.database import Database
from jobhive.store.postgres.writer import Transaction
from jobhive.store.rows import dump_error
from jobhive.store.signals import SCHEDULE, job_topic, queue_topic

Told = tuple[str, int, Mapping[str, JsonValue]]  # type, epoch milliseconds, facts
Departure = tuple[Held, Leaving]


async def leave_by_moves(transaction: Transaction, moves: Sequence[Fail | Schedule | Cancel | Release]) -> list[bool]:
    """Writes owners' moves; which of them were accepted, now or when they were first sent."""
    rows = await transaction.db.all("held", receipts_of(moves))
    held = {(job.job_id, job.token): job for job in map(Held._make, rows)}
    departures: list[Departure] = []
    is_accepted: list[bool] = []
    for move in moves:
        job = held.pop((move.job_id, move.token), None)
        is_accepted.append(job is not None)
        if job is not None:
            is_asked = job.cancel_requested_at_ms is not None
            departures.append((job, leaving(move, is_cancel_requested=is_asked)))
    await leave(transaction, departures)
    if all(is_accepted):
        return is_accepted
    stands = await stand_as(transaction.db, moves)
    return [now or before for now, before in zip(is_accepted, stands, strict=True)]


async def stand_as(db: Database, moves: Sequence[Move]) -> list[bool]:
    """Whether each job is already where its move would take it, under the move's own token: its reply was lost."""
    rows = await db.all("moved_under", receipts_of(moves))
    states = {(job_id, token): state for job_id, token, state in rows}
    return [states.get((move.job_id, move.token)) in targets(move) for move in moves]


def receipts_of(moves: Sequence[Move]) -> dict[str, object]:
    """The moves' ids and tokens as the statements take them."""
    return {"ids": [move.job_id for move in moves], "claims": [move.token for move in moves]}


async def leave(transaction: Transaction, departures: Sequence[Departure]) -> None:
    """Writes all that follows from running jobs' leaving."""
    if not departures:
        return
    now_ms = await transaction.now_ms()
    await _write_states(transaction.db, departures, now_ms)
    await _write_attempts(transaction.db, departures, now_ms)
    await _tell_attempts(transaction.db, departures, now_ms)
    for held, why in departures:
        transaction.topics.add(job_topic(held.job_id))
        transaction.topics.add(queue_topic(held.queue))  # where it is limited there is room now
        if why.state is State.SCHEDULED:
            transaction.topics.add(SCHEDULE)


async def append_told(db: Database, rows: Sequence[tuple[str, int, int, Sequence[Told]]]) -> None:
    """Stores events that the store itself tells: job id, token, first number, events."""
    bound = {
        "ids": [job_id for job_id, _, _, _ in rows],
        "claims": [token for _, token, _, _ in rows],
        "first_seqs": [first_seq for _, _, first_seq, _ in rows],
        "last_seqs": [first_seq + len(events) - 1 for _, _, first_seq, events in rows],
        "events": [to_json(events).decode() for _, _, _, events in rows],
    }
    await db.all("append_told", bound)
    failpoint("act.tell")


async def _write_states(db: Database, departures: Sequence[Departure], now_ms: int) -> None:
    whys = [why for _, why in departures]
    bound = {
        "ids": [held.job_id for held, _ in departures],
        "claims": [held.token for held, _ in departures],
        "voids": [int(why.is_taken) for why in whys],
        "states": [why.state.value for why in whys],
        "run_ats": [None if why.delay_ms is None else now_ms + why.delay_ms for why in whys],
        "finished_ats": [now_ms if why.state.is_final else None for why in whys],
        "failures": [why.failures for why in whys],
        "crashes": [why.crashes for why in whys],
        "losses": [why.losses for why in whys],
        "errors": [dump_error(why.error) for why in whys],
        "reasons": [why.reason for why in whys],
        "tolds": [int(not why.state.is_final) for why in whys],
        "suspect_untils": [None if why.suspect_ms is None else now_ms + why.suspect_ms for why in whys],
    }
    await db.all("leave", bound)
    failpoint("act.leave")


async def _write_attempts(db: Database, departures: Sequence[Departure], now_ms: int) -> None:
    bound = {
        "now": now_ms,
        "ids": [held.job_id for held, _ in departures],
        "attempts": [attempt_of(held.token) for held, _ in departures],
        "outcomes": [why.outcome for _, why in departures],
        "started_ats": [held.claimed_at_ms for held, _ in departures],
        "workers": [held.worker for held, _ in departures],
        "errors": [dump_error(why.error) for _, why in departures],
    }
    await db.all("record_attempt", bound)
    failpoint("act.note_attempt")


async def _tell_attempts(db: Database, departures: Sequence[Departure], now_ms: int) -> None:
    coming = [
        (held.job_id, held.token, held.last_seq + 1, [(ATTEMPT, now_ms, coming_attempt(held, why))])
        for held, why in departures
        if not why.state.is_final
    ]
    if coming:
        await append_told(db, coming)
