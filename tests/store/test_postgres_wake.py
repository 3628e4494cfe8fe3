"""NOTIFY and LISTEN, where one of them fails."""

import asyncio
import threading
from typing import Any
from uuid import uuid4

import pytest

from jobhive.core.errors import StoreUnavailable
from jobhive.store.postgres import wake
from jobhive.store.postgres.address import Address
from jobhive.store.postgres.connection import open_listener
from jobhive.store.signals import EVERYTHING, queue_topic
from jobhive.testing import insert_one
from tests import postgres

DEADLINE_SECONDS = 20.0


async def test_a_wake_up_that_could_not_be_told_is_told_again(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures, notifying = [StoreUnavailable("cut")], wake._notifying

    async def fail(_: object) -> None:
        raise failures.pop()

    monkeypatch.setattr(wake, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(wake, "_notifying", lambda *told: fail if failures else notifying(*told))
    teller, hearer = postgres.store(postgres_url), postgres.store(postgres_url)
    await teller.open()
    await hearer.open()
    with hearer.signals.listen(queue_topic("default")) as wake_up:
        await insert_one(teller)
        assert await wake_up.wait(DEADLINE_SECONDS)
    await teller.close()
    await hearer.close()


async def test_who_could_tell_but_not_hear_looks_at_everything_once_he_hears(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures, may_hear = [OSError("no room")], threading.Event()

    async def listen_late(address: Address) -> Any:
        if failures:
            raise failures.pop()
        await asyncio.to_thread(may_hear.wait, DEADLINE_SECONDS)
        return await open_listener(address)

    deaf, other = postgres.store(postgres_url), postgres.store(postgres_url)
    await other.open()
    monkeypatch.setattr(wake, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(wake, "open_listener", listen_late)
    await deaf.open()
    with other.signals.listen(queue_topic("default")) as heard, deaf.signals.listen(queue_topic("else")) as missed:
        await insert_one(deaf)
        assert await heard.wait(DEADLINE_SECONDS)
        may_hear.set()
        assert await missed.wait(DEADLINE_SECONDS)
    await deaf.close()
    await other.close()


def test_topics_are_told_in_as_few_messages_as_hold_them() -> None:
    topics = [queue_topic(uuid4().hex) for _ in range(500)]
    messages = wake._messages("me", topics)
    assert all(len(message.encode()) < 8_000 and message.startswith("me\n") for message in messages)
    assert sorted(topic for message in messages for topic in message.split("\n")[1:]) == sorted(topics)
    assert len(messages) < 5
    assert wake._messages("me", [queue_topic(uuid4().hex) for _ in range(50_000)]) == [f"me\n{EVERYTHING}"]
