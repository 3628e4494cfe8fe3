"""Events of a stream that were read from the store together."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from jobhive.core.event import Event
from jobhive.core.telling import events_after, last_number
from jobhive.failpoints import failpoint
from jobhive.store.port import Events

T = TypeVar("T")

Form = Callable[[Sequence[Event]], T]  # what readers want of events, such as their bytes on the wire

_CHUNKS_PER_READ = 256


class Batch:
    """All events with numbers above `after`, up to `upto`. Shared by readers: what they make of it is made once."""

    def __init__(
        self, after: int, upto: int, events: Sequence[Event], size: int, *, is_whole: bool, is_over: bool
    ) -> None:
        self.after = after
        self.upto = upto
        self.size = size  # bytes of their text in the store
        self.is_whole = is_whole  # whether the stream had nothing more when it was read
        self.is_over = is_over  # whether its last event is the stream's last
        self._events = events
        self._forms: dict[Form[Any], Any] = {}  # of all its events

    def in_form(self, form: Form[T], after: int) -> T:
        """Its events above number `after`, in the form that the reader wants."""
        if after > self.after:
            return form([event for event in self._events if event.seq > after])
        if form not in self._forms:
            self._forms[form] = form(self._events)
        made: T = self._forms[form]
        return made


async def read_batch(events: Events, job_id: str, after: int) -> Batch:
    """What the store has above number `after`, or the first part of it. Raises UnknownJob."""
    failpoint("stream.before_read")
    head, chunks = await events.read(job_id, after, _CHUNKS_PER_READ)
    is_whole = not chunks or chunks[-1].last_seq >= head.last_seq
    upto = last_number(head) if is_whole else chunks[-1].last_seq
    size = sum(len(chunk.events) for chunk in chunks)
    found = events_after(head, chunks, after, is_whole=is_whole)
    return Batch(after, upto, found, size, is_whole=is_whole, is_over=is_whole and head.state.is_final)
