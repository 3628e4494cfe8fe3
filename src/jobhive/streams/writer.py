"""Writing streams: what is told is stored at once; what all attempts tell within a few milliseconds, together."""

import asyncio
import time
from collections.abc import Iterable

from jobhive.background import Background
from jobhive.core.clock import Clock
from jobhive.core.errors import StoreError
from jobhive.core.event import Append
from jobhive.core.receipt import Claim
from jobhive.failpoints import failpoint
from jobhive.narration import Episode
from jobhive.store.port import Events
from jobhive.streams.feed import Feed

_SECONDS_BETWEEN = 0.015  # from the beginning of one write to the next
_BACKOFF_SECONDS = 0.5


class StreamWriter(Background):
    """Takes batches from feeds and appends them under their claim tokens.

    Attempts wait for their feeds to settle before it is stopped.
    """

    name = "stream writer"

    def __init__(self, events: Events, clock: Clock) -> None:
        self._events = events
        self._clock = clock
        self._dirty: dict[Feed, None] = {}  # feeds with something to store, in the order in which they rang
        self._rung = asyncio.Event()  # set by feeds, cleared by the loop before it looks
        self._trouble = Episode(self.name, "events")

    def feed(self, claim: Claim) -> Feed:
        """A feed for one attempt."""
        return Feed(claim, self._clock.now_ms, self._ring)

    def _ring(self, feed: Feed) -> None:
        self._dirty[feed] = None
        self._rung.set()

    async def _run(self) -> None:
        free_at = time.monotonic()
        while True:
            await self._rung.wait()
            await asyncio.sleep(free_at - time.monotonic())
            began = time.monotonic()
            self._rung.clear()
            feeds, self._dirty = self._dirty, {}
            await self._store(feeds)
            free_at = began + (_BACKOFF_SECONDS if self._trouble.is_on else _SECONDS_BETWEEN)

    async def _store(self, feeds: Iterable[Feed]) -> None:
        batches = [(feed, batch) for feed in feeds if (batch := feed.take()) is not None]
        failpoint("stream.before_append")
        try:
            accepted = set(await self._append([batch for _, batch in batches]))
        except StoreError as error:
            self._trouble.begin(str(error))
            for feed, _ in batches:
                self._ring(feed)
            return
        self._trouble.end()
        failpoint("stream.appended")
        for feed, batch in batches:
            feed.confirm(is_accepted=batch.job_id in accepted)

    async def _append(self, batches: list[Append]) -> list[str]:
        return await self._events.append(batches) if batches else []
