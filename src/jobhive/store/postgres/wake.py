"""Wake-ups between processes, on whatever machine: NOTIFY, coalesced, and one connection that listens.

Both are on the engine's loop. Where nothing is heard, because a pooler stands between or the connection broke, delay is
all that it costs: everybody who waits also looks by himself.

A message has a verb, its sender, and topics. Who hears tells others of single jobs only where somebody seeks them: with
all told to all, each process would pay for the jobs of all others.
"""

import asyncio
import secrets
from collections.abc import Callable, Collection, Iterable, Set
from enum import StrEnum
from typing import Any

from jobhive.core.errors import StoreError
from jobhive.failpoints import failpoint
from jobhive.forks import abandon
from jobhive.narration import Episode
from jobhive.store.postgres.address import Address
from jobhive.store.postgres.connection import open_listener
from jobhive.store.postgres.interest import SAID_AGAIN_SECONDS, Interest
from jobhive.store.postgres.trouble import translated
from jobhive.store.postgres.writer import Transaction, Writer
from jobhive.store.signals import EVERYTHING, Signals


class _Verb(StrEnum):
    """What a message does."""

    TELL = "tell"  # something changed
    SEEK = "seek"  # somebody waits for it
    ASK = "ask"  # who waits, and for what?


_LARGEST_MESSAGE = 7_900  # bytes; the server takes 7,999
_MOST_MESSAGES = 32
_PAUSE_SECONDS = 1.0  # between tries to listen, or to tell, again
_TOLD_FROM = 2  # failures in a row: the first comes before anybody else has noticed, in words of its own

_CHANNEL = "SELECT 'jobhive_' || quote_ident(current_schema())::regnamespace::oid"


class Bell:
    """Tells others and hears them, from `start` to `stop`."""

    def __init__(self, address: Address, writer: Writer, signals: Signals) -> None:
        self._address = address
        self._writer = writer
        self._signals = signals
        self._name = secrets.token_hex(4)  # of this process, so that it does not wake itself
        self._channel = ""  # set by `start`: one for each schema
        self._unsaid: dict[_Verb, set[str]] = {}  # topics by verb
        self._saying: asyncio.Task[None] | None = None  # runs while there is something to say
        self._saying_again: asyncio.TimerHandle | None = None  # the next try, where one has failed
        self._seeking_again: asyncio.TimerHandle | None = None  # from `start` to `stop`
        self._connecting: asyncio.Task[None] | None = None  # runs until somebody listens
        self._again: asyncio.TimerHandle | None = None  # the next try, where one has failed
        self._line: Any = None  # the connection that listens; None: others are told everything
        self._interest = Interest()  # of others, as far as was heard
        self._has_asked = False  # for it, since somebody listens
        self._is_deaf = Episode("store", "wake-ups of other processes", told_from=_TOLD_FROM)
        self._is_mute = Episode("store", "wake-ups for other processes", told_from=_TOLD_FROM)

    async def start(self, connection: Any) -> None:
        """Learns the channel and begins to listen; returns when it does, where that is possible."""
        self._channel = await connection.fetchval(_CHANNEL)
        if self._address.has_listener:
            await self._listen()
            self._seek_again()

    async def stop(self) -> None:
        """Listens no more, and says what is left."""
        for timer in (self._again, self._seeking_again):
            if timer is not None:
                timer.cancel()
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait([self._connecting])
        if self._line is not None:
            failpoint("wake.before_goodbye")
            self._line.remove_termination_listener(self._lose)
            self._line.terminate()
        if self._saying is not None:
            await asyncio.wait([self._saying])
        if self._saying_again is not None:
            self._saying_again.cancel()
        self._let_go()

    def forget(self) -> None:
        """In a child: who listens and who tells is the original's."""
        abandon(self._saying, self._saying_again, self._seeking_again, self._connecting, self._again, self._line)
        self._let_go()
        self._unsaid = {}
        self._name = secrets.token_hex(4)

    def _let_go(self) -> None:
        self._saying = self._saying_again = self._seeking_again = self._connecting = self._again = self._line = None
        self._has_asked = False

    def tell_others(self, topics: Set[str]) -> None:
        """Wakes listeners in other processes, soon: what comes while one message is under way goes with the next."""
        told = topics if self._line is None else self._interest.sift(topics)
        if told:
            self._say(_Verb.TELL, told)
        if len(told) < len(topics) and not self._has_asked:
            self._has_asked = True
            self._say(_Verb.ASK, ())

    def seek(self, topics: Collection[str]) -> None:
        """Somebody here waits for these, of which others tell only those who seek them."""
        if topics and self._line is not None:
            self._say(_Verb.SEEK, topics)

    def _say(self, verb: _Verb, topics: Collection[str]) -> None:
        self._unsaid.setdefault(verb, set()).update(topics)
        self._begin_to_say()

    def _begin_to_say(self) -> None:
        if self._saying is None or self._saying.done():
            self._saying = asyncio.create_task(self._say_all(), name="jobhive-notify")

    async def _say_all(self) -> None:
        while self._unsaid:
            unsaid, self._unsaid = self._unsaid, {}
            failpoint("wake.before_send")
            try:
                await self._writer.run_one(_notifying(self._channel, _messages_of(unsaid, self._name)))
            except StoreError as error:
                self._is_mute.begin(str(error))
                self._keep(unsaid)
                return
            self._is_mute.end()

    def _keep(self, unsaid: dict[_Verb, set[str]]) -> None:
        """It is said with the next try. Others may listen all the while, and would hear of nothing else."""
        for verb, topics in unsaid.items():
            self._unsaid.setdefault(verb, set()).update({EVERYTHING} if verb == _Verb.TELL else topics)
        if self._saying_again is None:
            self._saying_again = asyncio.get_running_loop().call_later(_PAUSE_SECONDS, self._say_again)

    def _say_again(self) -> None:
        self._saying_again = None
        self._begin_to_say()

    def _seek_again(self) -> None:
        """As long as somebody waits here: what others know of it they forget after a while."""
        self._seeking_again = asyncio.get_running_loop().call_later(SAID_AGAIN_SECONDS, self._seek_again)
        self.seek(self._signals.sought())

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
        line.add_termination_listener(self._lose)
        self._line = line
        self._signals.publish([EVERYTHING])  # something may have been told while nobody listened here
        self.seek(self._signals.sought())

    def _lose(self, *_: object) -> None:
        """Until somebody listens again, others are told everything: who seeks what is not heard."""
        self._line, self._has_asked = None, False
        self._reconnect()

    def _reconnect(self) -> None:
        self._connecting = asyncio.create_task(self._listen(), name="jobhive-listen")

    def _hear(self, _connection: object, _process: int, _channel: str, message: object) -> None:
        failpoint("wake.heard")
        head, *topics = str(message).split("\n")
        verb, _, sender = head.partition(" ")
        if sender != self._name:
            self._heed(verb, topics)

    def _heed(self, verb: str, topics: Collection[str]) -> None:
        match verb:
            case _Verb.TELL:
                self._signals.publish(topics)
            case _Verb.SEEK:
                if missed := self._interest.heed(topics):
                    self._say(_Verb.TELL, missed)
            case _Verb.ASK:
                self.seek(self._signals.sought())
            case _:
                pass  # no message of ours


def _notifying(channel: str, messages: list[str]) -> Callable[[Transaction], Any]:
    return lambda transaction: transaction.db.all("notify", {"channel": channel, "messages": messages})


def _messages_of(unsaid: dict[_Verb, set[str]], sender: str) -> list[str]:
    return [message for verb, topics in unsaid.items() for message in _messages(f"{verb} {sender}", topics)]


def _messages(head: str, topics: Iterable[str]) -> list[str]:
    """The topics in as few messages as hold them; in one that means all of them where they would be too many."""
    text, room = "\n".join(topics).encode(), _LARGEST_MESSAGE - len(head)
    messages: list[str] = []
    while text:
        end = len(text) if len(text) <= room else text.rfind(b"\n", 0, room)
        if end < 0 or len(messages) == _MOST_MESSAGES:
            return [f"{head}\n{EVERYTHING}"]
        messages.append(f"{head}\n{text[:end].decode()}")
        text = text[end + 1 :]
    return messages or [head]
