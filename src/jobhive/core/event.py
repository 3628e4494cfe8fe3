"""Events of a job's stream, and the batches in which they are stored.

A stream is numbered 1, 2, 3, … without a gap. Number 1 is `started` and the last is `end` or `error`; both are told
from the job's own row, so that a job that emits nothing stores no event at all. What lies between is stored in
chunks, each appended under the attempt's claim token.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from pydantic import JsonValue
from pydantic_core import from_json

from jobhive.core.clock import from_ms

STARTED, ATTEMPT, END, ERROR = "started", "attempt", "end", "error"
TERMINAL = frozenset({END, ERROR})


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a job told."""

    seq: int
    type: str
    data: dict[str, JsonValue]
    at: datetime

    @property
    def is_terminal(self) -> bool:
        """Whether nothing follows until an operator retries the job."""
        return self.type in TERMINAL


class Append(NamedTuple):
    """A batch of events to store: accepted only if the stream's last number is `first_seq - 1` (compare and append)."""

    job_id: str
    token: int
    first_seq: int
    last_seq: int
    events: str  # JSON text: [[type, at_ms, data], …]
    progress: str | None  # JSON text of the newest progress among them, if any


class Chunk(NamedTuple):
    """A stored batch."""

    first_seq: int
    last_seq: int
    events: str  # as in `Append`


def unpack(chunk: Chunk, after: int) -> list[Event]:
    """The chunk's events with a number above `after`."""
    listed: list[tuple[str, int, dict[str, JsonValue]]] = from_json(chunk.events)
    skipped = max(after - chunk.first_seq + 1, 0)
    return [
        Event(chunk.first_seq + index, type_, data, from_ms(at_ms))
        for index, (type_, at_ms, data) in enumerate(listed[skipped:], skipped)
    ]
