"""The switchboard of wake-ups, without any engine behind it."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from jobhive.store.signals import EVERYTHING, Signals, Wake, job_topic, queue_topic, stream_topic

DEADLINE_SECONDS = 20.0


@pytest.fixture
async def signals() -> AsyncIterator[Signals]:
    """Signals that nobody listens to any more when the test is over."""
    signals = Signals()
    yield signals
    assert not signals._wakes


async def test_a_ring_before_the_wait_is_not_lost(signals: Signals) -> None:
    with signals.listen("a") as wake:
        signals.publish(["a"])
        assert await wake.wait(DEADLINE_SECONDS)


async def test_a_ring_is_heard_once(signals: Signals) -> None:
    with signals.listen("a") as wake:
        signals.publish(["a"])
        signals.publish(["a", "a"])
        assert await wake.wait(DEADLINE_SECONDS)
        assert not await wake.wait(0)


async def test_a_bell_rings_again_and_again(signals: Signals) -> None:
    with signals.listen("a") as wake:
        for _ in range(100):
            signals.publish(["a"])
            assert await wake.wait(DEADLINE_SECONDS)


async def test_waiting_ends_when_time_is_up(signals: Signals) -> None:
    with signals.listen("a") as wake:
        assert not await wake.wait(0.001)
        signals.publish(["a"])
        assert await wake.wait(DEADLINE_SECONDS)


async def test_where_time_was_up_before_what_rings_is_told_by_the_next_wait(signals: Signals) -> None:
    with signals.listen("a") as wake:
        signals.publish(["a"])
        await asyncio.sleep(0)  # it has rung
        assert not await wake.wait(-0.001)
        assert await wake.wait(0)


async def test_only_listeners_of_the_topic_hear_it(signals: Signals) -> None:
    with signals.listen("a", "b") as both, signals.listen("b") as one:
        signals.publish(["a"])
        assert await both.wait(DEADLINE_SECONDS)
        assert not await one.wait(0)
        signals.publish(["b"])
        assert await both.wait(DEADLINE_SECONDS)
        assert await one.wait(DEADLINE_SECONDS)


async def test_a_bell_tells_what_rang_since_it_was_last_asked(signals: Signals) -> None:
    with signals.listen("a", "b", "c") as wake:
        signals.publish(["b", "a", "x"])
        signals.publish(["b"])
        assert await wake.wait(DEADLINE_SECONDS) == {"a", "b"}
        signals.publish(["c"])
        assert await wake.wait(DEADLINE_SECONDS) == {"c"}
        signals.publish([EVERYTHING])
        assert await wake.wait(DEADLINE_SECONDS) == {"a", "b", "c"}


async def test_everything_rings_all_and_hears_all(signals: Signals) -> None:
    with signals.listen("a") as one, signals.listen(EVERYTHING) as every:
        signals.publish([EVERYTHING])
        assert await one.wait(DEADLINE_SECONDS)
        assert await every.wait(DEADLINE_SECONDS)
        signals.publish(["unheard of"])
        assert await every.wait(DEADLINE_SECONDS)
        assert not await one.wait(0)


async def test_rings_from_many_threads_arrive(signals: Signals) -> None:
    with signals.listen("a") as wake:
        threads = [threading.Thread(target=signals.publish, args=(["a"],)) for _ in range(20)]
        for thread in threads:
            thread.start()
        assert await wake.wait(DEADLINE_SECONDS)
        for thread in threads:
            thread.join()


async def test_a_change_told_from_a_thread_is_seen_after_the_ring(signals: Signals) -> None:
    told: list[int] = []

    def tell(number: int) -> None:
        told.append(number)
        signals.publish(["a"])

    with signals.listen("a") as wake:
        for number in range(200):
            thread = threading.Thread(target=tell, args=(number,))
            thread.start()
            while number not in told:
                assert await wake.wait(DEADLINE_SECONDS)
            thread.join()


def test_a_bell_whose_loop_is_gone_may_still_be_rung() -> None:
    loop = asyncio.new_event_loop()
    wake = Wake(loop, None)
    loop.close()
    wake.ring("a")


async def test_listening_ends_with_its_block_also_when_it_fails(signals: Signals) -> None:
    with pytest.raises(ZeroDivisionError), signals.listen("a", "b"):
        raise ZeroDivisionError
    signals.publish(["a", "b", EVERYTHING])


def test_jobs_and_queues_of_one_name_have_topics_of_their_own() -> None:
    assert len({queue_topic("x"), job_topic("x"), stream_topic("x"), queue_topic("y")}) == 4
