"""Reading a stream: replay from the store, then tail, until the job is final and its last event is read."""

from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from typing import TypeVar

from jobhive.core.event import Event
from jobhive.core.record import StreamHead
from jobhive.store.port import Store
from jobhive.streams.batch import Batch, Form
from jobhive.streams.tail import Tails

T = TypeVar("T")


class StreamReader:
    """Reads any job's stream. A reader is a number and nothing else, so that it can go on anywhere.

    Readers of one stream share what they read of its newest part; one that is slow holds a single batch.
    """

    def __init__(self, store: Store, poll_interval: float = 1.0) -> None:
        self._store = store
        self._tails = Tails(store, poll_interval)

    async def head(self, job_id: str) -> StreamHead:
        """The stream's state now. Raises UnknownJob."""
        head, _ = await self._store.events.read(job_id, 0, 0)
        return head

    async def read(self, job_id: str, after: int = 0, *, is_following: bool = True) -> AsyncGenerator[Event]:
        """The events above number `after`, as they come; ends after the terminal one. Raises UnknownJob.

        Without `is_following` it ends after what there is by now.
        """
        async with aclosing(self.read_as(job_id, after, tuple, is_following=is_following)) as batches:
            async for events in batches:
                for event in events:
                    yield event

    async def read_as(self, job_id: str, after: int, form: Form[T], *, is_following: bool = True) -> AsyncGenerator[T]:
        """The same, batch by batch, each in a form that is made once for all readers. Raises UnknownJob."""
        with self._tails.follow(job_id) as tail:
            told, after, is_end = await _told(tail.stored(after), after, form, is_following=is_following)
            while not is_end:
                if told is not None:
                    yield told
                coming = tail.next(after) if is_following else tail.stored(after)
                told, after, is_end = await _told(coming, after, form, is_following=is_following)
            if told is not None:
                yield told


async def _told(
    coming: Awaitable[Batch], after: int, form: Form[T], *, is_following: bool
) -> tuple[T | None, int, bool]:
    """What a reader keeps of a batch while its client takes it: events take several times the room of their form."""
    batch = await coming
    told = batch.in_form(form, after) if after < batch.upto else None
    return told, max(after, batch.upto), batch.is_over or (batch.is_whole and not is_following)
