"""Reading a stream: replay from the store, then tail, until the job is final and its last event is read."""

from collections.abc import AsyncGenerator

from jobhive.core.event import Event
from jobhive.core.record import StreamHead
from jobhive.core.telling import events_after, last_number
from jobhive.store.port import Store
from jobhive.store.signals import job_topic, stream_topic

_CHUNKS_PER_READ = 256


class StreamReader:
    """Reads any job's stream. Keeps nothing between events but a number, so that any reader can resume anywhere."""

    def __init__(self, store: Store, poll_interval: float = 1.0) -> None:
        self._store = store
        self._poll_interval = poll_interval  # seconds; the net under lost wake-ups

    async def head(self, job_id: str) -> StreamHead:
        """The stream's state now. Raises UnknownJob."""
        head, _ = await self._store.events.read(job_id, 0, 0)
        return head

    async def read(self, job_id: str, after: int = 0, *, is_following: bool = True) -> AsyncGenerator[Event]:
        """The events above number `after`, as they come; ends after the terminal one. Raises UnknownJob.

        Without `is_following` it ends after what there is by now.
        """
        with self._store.signals.listen(job_topic(job_id), stream_topic(job_id)) as wake:
            while True:
                head, chunks = await self._store.events.read(job_id, after, _CHUNKS_PER_READ)
                is_whole = len(chunks) < _CHUNKS_PER_READ
                for event in events_after(head, chunks, after, is_whole=is_whole):
                    after = event.seq
                    yield event
                is_over = head.state.is_final and after >= last_number(head)
                if is_whole and (is_over or not is_following):
                    return
                if is_whole:
                    await wake.wait(self._poll_interval)
