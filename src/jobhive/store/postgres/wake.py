"""Wake-ups between processes, on whatever machine: NOTIFY, coalesced, and one connection that listens.

Both are on the engine's loop. Where nothing is heard, because a pooler stands between or the connection broke, delay is
all that it costs: everybody who waits also looks by himself.
"""

import asyncio
import secrets
from collections.abc import Callable, Collection, Iterable
from typing import Any

from jobhive.core.errors import StoreError
from jobhive.failpoints import failpoint
from jobhive.forks import abandon
from jobhive.narration import Episode
from jobhive.store.postgres.address import Address
from jobhive.store.postgres.connection import open_listener
from jobhive.store.postgres.trouble import translated
from jobhive.store.postgres.writer import Transaction, Writer
from jobhive.store.signals import EVERYTHING

_LARGEST_MESSAGE = 7_900  # bytes; the server takes 7,999
_MOST_MESSAGES = 32
_PAUSE_SECONDS = 1.0  # between tries to listen, or to tell, again
_TOLD_FROM = 2  # failures in a row: the first comes before anybody else has noticed, in words of its own

_CHANNEL = "SELECT 'jobhive_' || quote_ident(current_schema())::regnamespace::oid"


class Bell:
    """Tells others and hears them, from `start` to `stop`."""

    def __init__(self, address: Address, writer: Writer, publish: Callable[[Collection[str]], None]) -> None:
        self._address = address
        self._writer = writer
        self._publish = publish
        self._name = secrets.token_hex(4)  # of this process, so that it does not wake itself
        self._channel = ""  # set by `start`: one for each schema
        self._topics: set[str] = set()  # not yet told
        self._telling: asyncio.Task[None] | None = None  # runs while there is something to tell
        self._telling_again: asyncio.TimerHandle | None = None  # the next try, where one has failed
        self._connecting: asyncio.Task[None] | None = None  # runs until somebody listens
        self._again: asyncio.TimerHandle | None = None  # the next try, where one has failed
        self._line: Any = None  # the connection that listens
        self._is_deaf = Episode("store", "wake-ups of other processes", told_from=_TOLD_FROM)
        self._is_mute = Episode("store", "wake-ups for other processes", told_from=_TOLD_FROM)

    async def start(self, connection: Any) -> None:
        """Learns the channel and begins to listen; returns when it does, where that is possible."""
        self._channel = await connection.fetchval(_CHANNEL)
        if self._address.has_listener:
            await self._listen()

    async def stop(self) -> None:
        """Tells what is left, and listens no more."""
        if self._telling is not None:
            await asyncio.wait([self._telling])
        for timer in (self._again, self._telling_again):
            if timer is not None:
                timer.cancel()
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait([self._connecting])
        if self._line is not None:
            failpoint("wake.before_goodbye")
            self._line.remove_termination_listener(self._reconnect)
            self._line.terminate()
        self._telling = self._telling_again = self._connecting = self._again = self._line = None

    def forget(self) -> None:
        """In a child: who listens and who tells is the original's."""
        abandon(self._telling, self._telling_again, self._connecting, self._again, self._line)
        self._telling = self._telling_again = self._connecting = self._again = self._line = None
        self._topics = set()
        self._name = secrets.token_hex(4)

    def tell_others(self, topics: Collection[str]) -> None:
        """Wakes listeners in other processes, soon: what comes while one message is under way goes with the next."""
        self._topics.update(topics)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell(), name="jobhive-notify")

    async def _tell(self) -> None:
        while self._topics:
            messages = _messages(self._name, self._topics)
            self._topics = set()
            failpoint("wake.before_send")
            try:
                await self._writer.run_one(_notifying(self._channel, messages))
            except StoreError as error:
                self._is_mute.begin(str(error))
                self._topics.add(EVERYTHING)  # others may listen all the while, and would hear of nothing else
                if self._telling_again is None:
                    self._telling_again = asyncio.get_running_loop().call_later(_PAUSE_SECONDS, self._tell_again)
                return
            self._is_mute.end()

    def _tell_again(self) -> None:
        self._telling_again = None
        self.tell_others(())

    async def _listen(self) -> None:
        """No task waits while all is well: a connection that is cut says so."""
        try:
            with translated(self._address):
                await self._connect()
        except StoreError as error:
            self._is_deaf.begin(str(error))
            self._again = asyncio.get_running_loop().call_later(_PAUSE_SECONDS, self._reconnect)
        else:
            self._is_deaf.end()

    async def _connect(self) -> None:
        failpoint("wake.before_bind")
        line = await open_listener(self._address)
        try:
            await line.add_listener(self._channel, self._hear)
            failpoint("wake.bound")
        except BaseException:
            line.terminate()
            raise
        line.add_termination_listener(self._reconnect)
        if self._line is not None or self._is_deaf.is_on:  # something may have been told meanwhile
            self._publish([EVERYTHING])
        self._line = line

    def _reconnect(self, *_: object) -> None:
        self._connecting = asyncio.create_task(self._listen(), name="jobhive-listen")

    def _hear(self, _connection: object, _process: int, _channel: str, message: object) -> None:
        failpoint("wake.heard")
        sender, *topics = str(message).split("\n")
        if sender != self._name:
            self._publish(topics)


def _notifying(channel: str, messages: list[str]) -> Callable[[Transaction], Any]:
    return lambda transaction: transaction.db.all("notify", {"channel": channel, "messages": messages})


def _messages(sender: str, topics: Iterable[str]) -> list[str]:
    """The topics in as few messages as hold them; in one that means all of them where they would be too many."""
    text, room = "\n".join(topics).encode(), _LARGEST_MESSAGE - len(sender)
    messages: list[str] = []
    while text:
        end = len(text) if len(text) <= room else text.rfind(b"\n", 0, room)
        if end < 0 or len(messages) == _MOST_MESSAGES:
            return [f"{sender}\n{EVERYTHING}"]
        messages.append(f"{sender}\n{text[:end].decode()}")
        text = text[end + 1 :]
    return messages
