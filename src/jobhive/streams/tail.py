"""The newest part of streams that are being read: one read of the store serves all readers of a stream.

It carries no truth: a tail is what the store said, kept for as long as there are readers. Who asks for something that
is not kept reads the store for itself.
"""

import asyncio
from collections import deque
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

from jobhive.store.port import Store
from jobhive.store.signals import job_topic, stream_topic
from jobhive.streams.batch import Batch, read_batch

_BATCHES_KEPT, _BYTES_KEPT = 32, 32_768  # for readers that are a little behind; the newest batch is kept in any case


class Tail:
    """One stream's. Lives on one event loop, from its first reader to its last."""

    def __init__(self, store: Store, job_id: str, poll_interval: float) -> None:
        self.readers = 0
        self._events = store.events
        self._job_id = job_id
        self._poll_interval = poll_interval  # seconds
        self._listening = ExitStack()
        self._wake = self._listening.enter_context(store.signals.listen(job_topic(job_id), stream_topic(job_id)))
        self._kept: deque[Batch] = deque(maxlen=_BATCHES_KEPT)
        self._at: int | None = None  # the next shared read is of what follows this number; None: no reader came so far
        self._has_more = False  # whether the store had more when it was read last
        self._reading: asyncio.Task[Batch] | None = None  # the shared read, while somebody waits for it

    def close(self) -> None:
        """The last reader has left."""
        self._listening.close()
        if self._reading is not None:
            self._reading.cancel()

    async def stored(self, after: int) -> Batch:
        """What the store has above number `after`, at once. Raises UnknownJob."""
        batch = await read_batch(self._events, self._job_id, after)
        # A shared read that is under way says where the tail is: somebody waits for just what follows.
        if self._reading is None and batch.is_whole and (self._at is None or batch.upto > self._at):
            self._keep(batch)
        return batch

    async def next(self, after: int) -> Batch:
        """What follows number `after`, waited for if it has not come. Raises UnknownJob.

        To a reader beyond the stream's end it is nothing yet.
        """
        for batch in reversed(self._kept):
            if batch.after <= after < batch.upto:
                return batch
        if self._at is None or after < self._at:
            return await self.stored(after)
        return await self._shared()

    async def _shared(self) -> Batch:
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_on(self._at or 0), name="jobhive-stream-tail")
        return await asyncio.shield(self._reading)  # a reader that leaves does not take it from the others

    async def _read_on(self, after: int) -> Batch:
        try:
            while True:
                if not self._has_more:
                    await self._wake.wait(self._poll_interval)
                batch = await read_batch(self._events, self._job_id, after)
                if batch.is_over or batch.upto > after:
                    self._keep(batch)
                    return batch
        finally:
            self._reading = None  # at once: whoever asks now wants what comes after it

    def _keep(self, batch: Batch) -> None:
        self._at = batch.upto
        self._has_more = not batch.is_whole
        if batch.upto > batch.after:
            self._kept.append(batch)
        while len(self._kept) > 1 and sum(each.size for each in self._kept) > _BYTES_KEPT:
            self._kept.popleft()


class Tails:
    """The tails of all streams that somebody reads."""

    def __init__(self, store: Store, poll_interval: float) -> None:
        self._store = store
        self._poll_interval = poll_interval  # seconds; the net under lost wake-ups
        self._tails: dict[str, Tail] = {}  # by job; each leaves with its last reader

    @contextmanager
    def follow(self, job_id: str) -> Generator[Tail]:
        """The stream's tail, for the length of the block."""
        tail = self._tails.get(job_id)
        if tail is None:
            tail = self._tails[job_id] = Tail(self._store, job_id, self._poll_interval)
        tail.readers += 1
        try:
            yield tail
        finally:
            tail.readers -= 1
            if not tail.readers:
                del self._tails[job_id]
                tail.close()
