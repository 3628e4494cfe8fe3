"""The first and the last event of a stream, told from the job's own row; they are stored nowhere."""

from collections.abc import Sequence

from pydantic import JsonValue
from pydantic_core import from_json

from jobhive.core.clock import from_ms
from jobhive.core.event import END, ERROR, STARTED, Chunk, Event, unpack
from jobhive.core.record import StreamHead
from jobhive.core.states import State

STARTED_SEQ = 1


def started_event(head: StreamHead) -> Event | None:
    """`started`, once the job has begun: number 1 of every stream unless a stored chunk begins there."""
    if head.started_at_ms is None:
        return None
    at = from_ms(head.started_at_ms)
    facts: dict[str, JsonValue] = from_json(head.facts) if head.facts else {}
    return Event(STARTED_SEQ, STARTED, {"job_id": head.job_id, "started_at": at.isoformat(), **facts}, at)


def terminal_event(head: StreamHead) -> Event | None:
    """`end` or `error`, once the job is final: it follows the last stored event."""
    if not head.state.is_final:
        return None
    type_, facts = _ending(head)
    return Event(head.last_seq + 1, type_, facts, from_ms(head.finished_at_ms or 0))


def last_number(head: StreamHead) -> int:
    """The number of the stream's last event as of now, the terminal one included."""
    return head.last_seq + 1 if head.state.is_final else head.last_seq


def _ending(head: StreamHead) -> tuple[str, dict[str, JsonValue]]:
    if head.state is State.FAILED and head.error is not None:
        return ERROR, {"code": head.error.code, "message": head.error.message}
    if head.state is State.CANCELLED:
        return END, {"state": head.state.value, "stop_reason": "CANCELLED", "reason": head.reason or ""}
    told = from_json(head.ending) if head.ending else {"result": from_json(head.result or "null")}
    return END, {"state": head.state.value, **told}


def events_after(head: StreamHead, chunks: Sequence[Chunk], after: int, *, is_whole: bool) -> list[Event]:
    """All events with a number above `after`; the terminal one only where the chunks are all there are."""
    events: list[Event] = []
    if after < STARTED_SEQ and not (chunks and chunks[0].first_seq == STARTED_SEQ):
        events += filter(None, [started_event(head)])
    for chunk in chunks:
        events += unpack(chunk, after)
    if is_whole:
        events += [event for event in [terminal_event(head)] if event is not None and event.seq > after]
    return events
