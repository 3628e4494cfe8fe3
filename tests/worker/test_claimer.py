"""Which queues a worker looks at, and when."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from jobhive.core.errors import StoreUnavailable
from jobhive.core.receipt import Claim
from jobhive.store.signals import EVERYTHING, Signals, queue_topic
from jobhive.worker.claimer import Claimer
from jobhive.worker.slots import Slots

QUEUES = ("first", "second", "third")
CLAIM = Claim("job-1", 1, "noop", "{}", 0, 3, 1, "", 0, None, 0, "first", 0, "w")


class Shelf:
    """Notes which queues are asked for, and gives what is put on it."""

    def __init__(self) -> None:
        self.asked = asyncio.Queue[tuple[str, ...]]()
        self.holds: list[Sequence[Claim] | StoreUnavailable] = []  # for the next claims, in turn
        self.in_mid_claim: Callable[[], None] | None = None

    async def take(self, limit: int, queues: Sequence[str]) -> Sequence[Claim]:
        self.asked.put_nowait(tuple(queues))
        if self.in_mid_claim is not None:
            self.in_mid_claim()
            await asyncio.sleep(0)  # whoever rings in mid-claim is heard
        given = self.holds.pop(0) if self.holds else []
        if isinstance(given, StoreUnavailable):
            raise given
        return given


@asynccontextmanager
async def claiming(shelf: Shelf, signals: Signals, *, poll_interval: float = 3600) -> AsyncIterator[None]:
    """A claimer of two slots, one of which it fills at a time, at work. It has looked at everything once."""
    claimer = Claimer(shelf.take, lambda _: None, Slots(2), signals, QUEUES, poll_interval, error_backoff=0)
    _ = claimer.start()
    assert await shelf.asked.get() == QUEUES
    yield
    await claimer.stop()


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def signals() -> Signals:
    return Signals()


def ring(signals: Signals, *queues: str) -> None:
    signals.publish([queue_topic(queue) for queue in queues])


async def test_only_queues_that_rang_are_looked_at_in_the_order_of_the_worker(shelf: Shelf, signals: Signals) -> None:
    async with claiming(shelf, signals):
        ring(signals, "second")
        assert await shelf.asked.get() == ("second",)
        ring(signals, "third", "first")
        assert await shelf.asked.get() == ("first", "third")
        signals.publish([EVERYTHING])
        assert await shelf.asked.get() == QUEUES


async def test_all_are_looked_at_where_a_claim_came_back_full(shelf: Shelf, signals: Signals) -> None:
    async with claiming(shelf, signals):
        shelf.holds = [[CLAIM]]
        ring(signals, "second")
        assert await shelf.asked.get() == ("second",)
        assert await shelf.asked.get() == QUEUES


async def test_all_are_looked_at_after_trouble_whoever_rings(shelf: Shelf, signals: Signals) -> None:
    async with claiming(shelf, signals):
        shelf.holds = [StoreUnavailable("away"), StoreUnavailable("away")]
        ring(signals, "second")
        assert await shelf.asked.get() == ("second",)
        ring(signals, "third")
        assert await shelf.asked.get() == QUEUES
        assert await shelf.asked.get() == QUEUES
        ring(signals, "third")
        assert await shelf.asked.get() == ("third",)


async def test_a_poll_looks_at_all_though_one_queue_rings_all_the_time(shelf: Shelf, signals: Signals) -> None:
    shelf.in_mid_claim = lambda: ring(signals, "second")
    async with claiming(shelf, signals, poll_interval=0.05):
        while await shelf.asked.get() != QUEUES:
            pass
