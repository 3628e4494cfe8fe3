"""The one thread of this process that writes. Callers at the same time share one transaction and one fsync.

Each caller is answered only after the commit. Where one caller's statements fail, the transaction is rolled back and
everybody is served alone, so that nobody pays for a neighbour. The thread outlives every error: a caller that is never
answered would wait for ever.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from jobhive.core.clock import Clock
from jobhive.core.errors import JobhiveError, StoreUnavailable
from jobhive.failpoints import failpoint
from jobhive.forks import abandon
from jobhive.narration import narrate
from jobhive.store.sqlite.connection import connect_writer
from jobhive.store.sqlite.database import Database
from jobhive.store.sqlite.trouble import translate

T = TypeVar("T")

_MOST_PER_COMMIT = 512


@dataclass(slots=True)
class Transaction:
    """What an act may use while the transaction is open."""

    db: Database
    now_ms: int  # the store's clock, read once for the whole transaction
    topics: set[str] = field(default_factory=set[str])  # told to listeners after the commit


Act = Callable[[Transaction], T]  # a refusal (JobhiveError) leaves it before its first write


class _Ask:
    """One caller's act and where its answer goes; lives from the call until it is answered."""

    def __init__(self, act: Act[T], future: asyncio.Future[T]) -> None:
        def perform(transaction: Transaction) -> Callable[[], None]:
            return partial(future.set_result, act(transaction))

        self._perform = perform
        self._refuse = future.set_exception
        self._is_answered = future.done
        self._reply: Callable[[], None] | None = None  # set by `run` or `fail`, called once by `settle`
        self.loop = future.get_loop()

    def run(self, transaction: Transaction) -> None:
        """Performs the act. A refusal is an answer; any other error leaves and undoes the transaction."""
        try:
            self._reply = self._perform(transaction)
        except JobhiveError as refusal:
            self.fail(refusal)

    def fail(self, error: BaseException) -> None:
        """The answer is this error."""
        self._reply = partial(self._refuse, error)

    def settle(self) -> None:
        """Hands the answer over, unless the caller stopped waiting: what it asked for is durable all the same."""
        if self._reply is not None and not self._is_answered():
            self._reply()


class Writer:
    """Serves acts in the order in which they came, many per commit."""

    def __init__(
        self, path: Path, clock: Clock, publish: Callable[[Collection[str]], None], vfs: str | None = None
    ) -> None:
        self._path = path
        self._vfs = vfs
        self._clock = clock
        self._publish = publish
        self._asks: queue.SimpleQueue[_Ask | None] = queue.SimpleQueue()  # None ends the thread
        self._thread: threading.Thread | None = None  # runs from `start` to `stop`
        self._db: Database | None = None  # owned by the thread; None after trouble that made it useless

    def start(self, db: Database) -> None:
        """Hands the connection to a new thread, which closes it in the end."""
        self._db = db
        self._thread = threading.Thread(target=self._serve, name="jobhive-writer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Serves what was asked before, then ends the thread."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._asks.put(None)
            thread.join()

    def forget(self) -> None:
        """In a child: the thread is the original's, and so is its connection, which must not even be closed here."""
        abandon(self._db)
        self._db = self._thread = None
        self._asks = queue.SimpleQueue()

    async def run(self, act: Act[T]) -> T:
        """Performs the act in a transaction and returns its answer once that is durable."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._ask(_Ask(act, future))
        return await future

    def _ask(self, ask: _Ask) -> None:
        if self._thread is None:
            raise StoreUnavailable(f"the store {self._path} is not open; open it before you use it")
        self._asks.put(ask)

    def _serve(self) -> None:
        while asks := self._next():
            topics = self._commit(asks)
            failpoint("writer.before_publish")
            if topics:  # first, for whoever is answered goes on at once and holds the interpreter's lock
                self._publish(topics)
            failpoint("writer.before_answer")
            _settle(asks)
        failpoint("writer.before_close")
        self._let_go()

    def _next(self) -> list[_Ask]:
        """Waits for an ask and takes along what else has come; empty when the thread is to end."""
        ask = self._asks.get()
        asks: list[_Ask] = []
        while ask is not None:
            asks.append(ask)
            if len(asks) == _MOST_PER_COMMIT or self._asks.empty():
                return asks
            ask = self._asks.get()
        if asks:
            self._asks.put(None)
        return asks

    def _commit(self, asks: Sequence[_Ask]) -> set[str]:
        failpoint("writer.before_begin")
        try:
            db = self._connection()
            db.script("BEGIN IMMEDIATE")
        except BaseException as error:  # whatever it is, the callers must hear of it
            self._fail(asks, error)
            return set()
        try:
            return self._transact(db, asks)
        except BaseException as error:
            return self._recover(db, asks, error)

    def _transact(self, db: Database, asks: Sequence[_Ask]) -> set[str]:
        failpoint("writer.begun")
        transaction = Transaction(db, self._clock.now_ms())
        for ask in asks:
            ask.run(transaction)
            failpoint("writer.acted")
        failpoint("writer.before_commit")
        db.script("COMMIT")
        failpoint("writer.committed")
        return transaction.topics

    def _recover(self, db: Database, asks: Sequence[_Ask], error: BaseException) -> set[str]:
        self._undo(db)
        if len(asks) == 1:
            self._fail(asks, error)
            return set()
        return set[str]().union(*(self._commit([ask]) for ask in asks))

    def _undo(self, db: Database) -> None:
        """Ends the transaction, if it has not ended by itself. A connection that cannot do so is replaced."""
        try:
            if db.is_in_transaction:
                failpoint("writer.before_rollback")
                db.script("ROLLBACK")
        except BaseException as error:
            narrate("store", "reconnects", str(self._path), f"a rollback failed: {error}", level="warning")
            self._let_go()

    def _connection(self) -> Database:
        if self._db is None:
            self._db = connect_writer(self._path, self._vfs)
        return self._db

    def _let_go(self) -> None:
        """Closes the connection, which undoes what it has not committed."""
        db, self._db = self._db, None
        if db is not None:
            db.close()

    def _fail(self, asks: Sequence[_Ask], error: BaseException) -> None:
        translated = translate(error, self._path)
        for ask in asks:
            ask.fail(translated)


def _settle(asks: Sequence[_Ask]) -> None:
    """Answers all; one call into each loop, however many of its callers wait."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Ask]] = {}
    for ask in asks:
        by_loop.setdefault(ask.loop, []).append(ask)
    for loop, waiting in by_loop.items():
        with suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits any more
            loop.call_soon_threadsafe(_answer, waiting)


def _answer(asks: Sequence[_Ask]) -> None:
    for ask in asks:
        ask.settle()
