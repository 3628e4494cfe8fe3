"""Wake-ups: they say that something changed, the store says what. A lost one costs delay, never data."""

import asyncio
import threading
from collections.abc import Callable, Collection, Generator, Set
from contextlib import contextmanager, suppress
from functools import partial

EVERYTHING = "*"
_TAIL = 8  # hexadecimal digits of a job's id in a topic


def queue_topic(queue: str) -> str:
    """A job of this queue became pending."""
    return f"queue:{queue}"


def job_topic(job_id: str) -> str:
    """The job's state changed, and with it its stream; or somebody asked it to stop.

    Thousands are told each second to all processes: the end of the id is enough. Should two jobs share it, both are
    looked at.
    """
    return f"job:{job_id[-_TAIL:]}"


def stream_topic(job_id: str) -> str:
    """The running job told something. Apart, so that who waits for the result is not woken by every token."""
    return f"stream:{job_id[-_TAIL:]}"


CANCELS = "cancels"  # somebody asked a running job to stop
SCHEDULE = "schedule"  # a scheduled job was added
AUDIT = "audit"  # the audit log has a new entry
WORKERS = "workers"  # a worker joined, left or was asked to retire

OF_ONE_JOB = (job_topic(""), stream_topic(""))  # how topics begin that are many, each for hardly anybody

Seek = Callable[[Collection[str]], None]  # tells other processes that somebody here waits for these topics


def is_sought(topic: str) -> bool:
    """Whether other processes tell it, on engines that know who waits for what, only where somebody does."""
    return topic == EVERYTHING or topic.startswith(OF_ONE_JOB)


class Wake:
    """One listener's bell. `wait` returns when it rang since the last `wait`, or when time is up."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seek: Callable[[], None] | None) -> None:
        self._loop = loop
        self._seek = seek  # called by the first `wait`: many a listener looks, and has no need to wait
        self._rung = asyncio.Event()  # set from any thread through the loop, cleared by `wait`
        self._lock = threading.Lock()
        self._topics = set[str]()  # guarded by the lock; rung since the last `wait`. Many rings, one call into the loop

    def ring(self, topic: str) -> None:
        """Safe from any thread, also while the loop is closing."""
        with self._lock:
            is_first = not self._topics
            self._topics.add(topic)
        if is_first and not self._loop.is_closed():
            with suppress(RuntimeError):  # the loop was closed in between: nobody waits any more
                self._loop.call_soon_threadsafe(self._rung.set)

    async def wait(self, timeout: float) -> Set[str]:
        """Waits at most `timeout` seconds; the topics that rang, none where time was up.

        With 0 it only looks. Below 0 time was up before, and none are told: who rings all the time keeps nobody from
        what is due.
        """
        if timeout < 0:
            await asyncio.sleep(0)
            return frozenset()
        if self._seek is not None:
            seek, self._seek = self._seek, None
            seek()
        try:
            async with asyncio.timeout(timeout):
                await self._rung.wait()
        except TimeoutError:
            return frozenset()  # what rings in this moment is told by the next `wait`
        self._rung.clear()
        with self._lock:
            topics, self._topics = self._topics, set[str]()
        return topics


class Signals:
    """In-process switchboard from topics to bells. Engines publish after commit, and what other processes tell them.

    `seek` is the engine's, if it wants to know who waits for what; it is called on any thread.
    """

    def __init__(self, seek: Seek | None = None) -> None:
        self._seek = seek
        self._lock = threading.Lock()
        self._wakes: dict[str, list[Wake]] = {}  # guarded by the lock; a topic leaves with its last listener

    @contextmanager
    def listen(self, *topics: str) -> Generator[Wake]:
        """A bell for these topics, for the length of the block. Must be entered on a running loop."""
        wake = Wake(asyncio.get_running_loop(), self._seeking(topics))
        with self._lock:
            for topic in topics:
                self._wakes.setdefault(topic, []).append(wake)
        try:
            yield wake
        finally:
            self._forget(wake, topics)

    def sought(self) -> list[str]:
        """What somebody listens to, of that which other processes tell only to those who seek it."""
        with self._lock:
            return list(filter(is_sought, self._wakes))

    def _seeking(self, topics: tuple[str, ...]) -> Callable[[], None] | None:
        if self._seek is None or not (sought := list(filter(is_sought, topics))):
            return None
        return partial(self._seek, sought)

    def _forget(self, wake: Wake, topics: tuple[str, ...]) -> None:
        with self._lock:
            for topic in topics:
                listeners = self._wakes[topic]
                listeners.remove(wake)
                if not listeners:
                    del self._wakes[topic]

    def publish(self, topics: Collection[str]) -> None:
        """Rings whoever listens to one of the topics, or to `EVERYTHING`; that topic itself rings all."""
        if not self._wakes:
            return
        rung = topics if isinstance(topics, Set) else frozenset(topics)
        with self._lock:
            heard = self._wakes.keys() & (self._wakes if EVERYTHING in rung else rung)
            for topic in {EVERYTHING, *heard} & self._wakes.keys():
                for wake in self._wakes[topic]:
                    wake.ring(topic)
