"""Which jobs somebody in another process waits for: hardly any, so that hardly any is told of.

Who begins to wait says so, and says it again as long as he waits. His word may come after what he waits for: so what
was told to nobody is remembered for a moment, and told then.
"""

import time
from collections import deque
from collections.abc import Callable, Collection, Set

from jobhive.store.signals import EVERYTHING, OF_ONE_JOB

SAID_AGAIN_SECONDS = 5.0  # by everybody who waits
_BELIEVED_SECONDS = 3 * SAID_AGAIN_SECONDS
_REMEMBERED_SECONDS = 2.0
_MOST_REMEMBERED = 40_000  # topics, about 4 MB; the oldest make room


class Interest:
    """What others wait for, and what they were not told. Lives on the engine's loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock  # seconds
        self._sought: dict[str, float] = {}  # by others; until when that is believed
        self._tidy_at = 0.0  # then what is believed no longer is dropped
        self._untold: deque[tuple[float, Set[str]]] = deque()  # with when; some of each was told to nobody
        self._untold_count = 0

    def heed(self, topics: Collection[str]) -> Collection[str]:
        """Others wait for these. What they missed of them, a moment ago: it is to be told now."""
        now = self._clock()
        self._forget(now)
        self._sought.update(dict.fromkeys(topics, now + _BELIEVED_SECONDS))
        if EVERYTHING in topics:
            return [EVERYTHING] if self._untold else []
        return [topic for topic in topics if any(topic in untold for _, untold in self._untold)]

    def sift(self, topics: Set[str]) -> Collection[str]:
        """What of these is to be told: all that is not about one job, and the jobs that somebody waits for."""
        now = self._clock()
        self._forget(now)
        if EVERYTHING in self._sought:
            return topics
        told = topics & self._sought.keys() | {topic for topic in topics if not topic.startswith(OF_ONE_JOB)}
        if len(told) < len(topics):
            self._remember(topics, now)
        return told

    def _remember(self, topics: Set[str], now: float) -> None:
        self._untold.append((now, topics))
        self._untold_count += len(topics)

    def _forget(self, now: float) -> None:
        while self._untold and (
            now - self._untold[0][0] > _REMEMBERED_SECONDS or self._untold_count > _MOST_REMEMBERED
        ):
            self._untold_count -= len(self._untold.popleft()[1])
        if now >= self._tidy_at:
            self._sought = {topic: until for topic, until in self._sought.items() if until > now}
            self._tidy_at = now + SAID_AGAIN_SECONDS
