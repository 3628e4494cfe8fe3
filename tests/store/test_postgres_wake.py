"""NOTIFY and LISTEN: who is told what, also where one of them fails."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest

from jobhive.core.errors import StoreUnavailable
from jobhive.core.states import State
from jobhive.store.postgres import PostgresStore, wake
from jobhive.store.postgres.address import Address
from jobhive.store.postgres.connection import connected, open_listener
from jobhive.store.signals import EVERYTHING, job_topic, queue_topic, stream_topic
from jobhive.testing import append, claim_one, complete, insert_one, record_of, start_one
from tests import postgres

DEADLINE_SECONDS = 20.0


@asynccontextmanager
async def _opened(*urls: str) -> AsyncGenerator[list[PostgresStore]]:
    stores = [postgres.store(url) for url in urls]
    async with AsyncExitStack() as stack:
        for store in stores:
            await store.open()
            stack.push_async_callback(store.close)
        yield stores


@asynccontextmanager
async def _overheard(store: PostgresStore) -> AsyncGenerator[list[str]]:
    """All that is said on the store's channel, without a part in it."""
    messages: list[str] = []
    async with connected(store._address) as connection:
        await connection.add_listener(store._bell._channel, lambda *heard: messages.append(heard[-1]))
        yield messages


class _Gate:
    """Stands before a store that lost the connection on which it listens, and wants a new one."""

    def __init__(self) -> None:
        self.asked, self.is_open = threading.Event(), threading.Event()

    async def open_listener(self, address: Address) -> Any:
        self.asked.set()
        await asyncio.to_thread(self.is_open.wait, DEADLINE_SECONDS)
        return await open_listener(address)


async def _deafen(store: PostgresStore, gate: _Gate) -> None:
    async with connected(store._address) as connection:
        await connection.execute("SELECT pg_terminate_backend($1)", store._bell._line.get_server_pid())
    assert await asyncio.to_thread(gate.asked.wait, DEADLINE_SECONDS)


async def test_a_wake_up_that_could_not_be_told_is_told_again(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures, notifying = [StoreUnavailable("cut")], wake._notifying

    async def fail(_: object) -> None:
        raise failures.pop()

    monkeypatch.setattr(wake, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(wake, "_notifying", lambda *told: fail if failures else notifying(*told))
    async with _opened(postgres_url, postgres_url) as (teller, hearer):
        with hearer.signals.listen(queue_topic("default")) as wake_up:
            await insert_one(teller)
            assert await wake_up.wait(DEADLINE_SECONDS)


async def test_who_could_tell_but_not_hear_looks_at_everything_once_he_hears(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures, gate = [OSError("no room")], _Gate()

    async def listen_late(address: Address) -> Any:
        if failures:
            raise failures.pop()
        return await gate.open_listener(address)

    async with _opened(postgres_url) as (other,):
        monkeypatch.setattr(wake, "_PAUSE_SECONDS", 0.01)
        monkeypatch.setattr(wake, "open_listener", listen_late)
        async with _opened(postgres_url) as (deaf,):
            default, other_queue = queue_topic("default"), queue_topic("else")
            with other.signals.listen(default) as heard, deaf.signals.listen(other_queue) as missed:
                await insert_one(deaf)
                assert await heard.wait(DEADLINE_SECONDS)
                gate.is_open.set()
                assert await missed.wait(DEADLINE_SECONDS)


async def test_of_jobs_that_nobody_waits_for_nothing_is_told(postgres_url: str) -> None:
    async with _opened(postgres_url, postgres_url) as (teller, hearer), _overheard(teller) as messages:
        with hearer.signals.listen(queue_topic("last")) as last:
            claim = await start_one(teller)
            await teller.events.append([append(claim, 2, "x")])
            await teller.jobs.finish([complete(claim)])
            await insert_one(teller, queue="last")
            assert await last.wait(DEADLINE_SECONDS)
    told = {topic for message in messages for topic in message.split("\n")[1:]}
    assert told == {queue_topic("default"), queue_topic("last")}


async def test_who_waited_before_the_other_came_is_told(postgres_url: str) -> None:
    async with _opened(postgres_url, postgres_url) as (first, second):
        job_id = await insert_one(first)
        with first.signals.listen(job_topic(job_id)) as wake_up:
            waiting = asyncio.ensure_future(wake_up.wait(DEADLINE_SECONDS))
            async with _opened(postgres_url) as (third,):
                await claim_one(third)
                assert await waiting
        assert (await record_of(second, job_id)).state is State.RUNNING


async def test_who_begins_to_wait_after_it_happened_is_told(postgres_url: str) -> None:
    async with _opened(postgres_url, postgres_url) as (teller, hearer):
        job_id = await insert_one(teller)
        with hearer.signals.listen(job_topic(job_id)) as wake_up:  # it looks, finds nothing new, and then:
            await claim_one(teller)
            assert await wake_up.wait(DEADLINE_SECONDS)


@pytest.mark.parametrize("who", ["teller", "hearer"])
async def test_who_begins_to_wait_while_one_of_them_is_deaf_is_told(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    monkeypatch.setattr(wake, "SAID_AGAIN_SECONDS", 10 * DEADLINE_SECONDS)
    gate = _Gate()
    async with _opened(postgres_url, postgres_url) as (teller, hearer):
        claim = await start_one(teller)
        deaf = teller if who == "teller" else hearer
        monkeypatch.setattr(wake, "open_listener", gate.open_listener)
        await _deafen(deaf, gate)
        with hearer.signals.listen(stream_topic(claim.job_id)) as bell, deaf.signals.listen("hears") as hears:
            assert not await bell.wait(0)
            await teller.events.append([append(claim, 2, "x")])
            assert who == "hearer" or await bell.wait(DEADLINE_SECONDS)
            gate.is_open.set()
            assert await hears.wait(DEADLINE_SECONDS)
            assert who == "teller" or await bell.wait(DEADLINE_SECONDS)
            await teller.events.append([append(claim, 3, "x")])
            assert await bell.wait(DEADLINE_SECONDS)


async def test_who_cannot_hear_tells_everything(postgres_url: str) -> None:
    separator = "&" if "?" in postgres_url else "?"
    async with _opened(f"{postgres_url}{separator}listen=off", postgres_url) as (teller, hearer):
        claim = await start_one(teller)
        with hearer.signals.listen(job_topic(claim.job_id)) as wake_up:
            waiting = asyncio.ensure_future(wake_up.wait(DEADLINE_SECONDS))
            await teller.jobs.finish([complete(claim)])
            assert await waiting


async def test_what_others_say_on_our_channel_wakes_nobody_and_harms_nothing(postgres_url: str) -> None:
    async with _opened(postgres_url, postgres_url) as (teller, hearer), connected(teller._address) as stranger:
        with hearer.signals.listen("quiet") as quiet, hearer.signals.listen(queue_topic("default")) as last:
            for nonsense in ("", "tell", "sing of\nquiet", "\n\nquiet", "seek x", "quiet"):
                await stranger.execute("SELECT pg_notify($1, $2)", teller._bell._channel, nonsense)
            await insert_one(teller)
            assert await last.wait(DEADLINE_SECONDS)
            assert not await quiet.wait(0)


def test_topics_are_told_in_as_few_messages_as_hold_them() -> None:
    topics = [queue_topic(uuid4().hex) for _ in range(500)]
    messages = wake._messages("tell me", topics)
    assert all(len(message.encode()) < 8_000 and message.startswith("tell me\n") for message in messages)
    assert sorted(topic for message in messages for topic in message.split("\n")[1:]) == sorted(topics)
    assert len(messages) < 5
    assert wake._messages("tell me", [queue_topic(uuid4().hex) for _ in range(50_000)]) == [f"tell me\n{EVERYTHING}"]
