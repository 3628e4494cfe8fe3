"""Runs acts on connections of the pool and tells listeners what changed, after the commit.

A transaction that the server gave up (serialisation, deadlock) is tried again, a few times. None stays open while
anything else but its own statements is waited for.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import random
from typing import Any, TypeVar

import asyncpg

from jobhive.core.errors import StoreUnavailable
from jobhive.failpoints import failpoint
from jobhive.forks import abandon
from jobhive.store.postgres.address import Address
from jobhive.store.postgres.clock import ServerClock
from jobhive.store.postgres.database import Database
from jobhive.store.postgres.trouble import translated

T = TypeVar("T")

_TRIES = 8
_FIRST_PAUSE_SECONDS = 0.005
_SECONDS_TO_CANCEL = 5.0  # a statement that was not answered in time; then its connection is dropped


class Raced(Exception):
    """Another transaction came between two statements of this one; the next try sees what it wrote."""


_TRY_AGAIN = (Raced, asyncpg.SerializationError, asyncpg.DeadlockDetectedError)


@dataclass(slots=True)
class Transaction:
    """What an act may use while its connection is held."""

    db: Database
    clock: ServerClock
    topics: set[str] = field(default_factory=set[str])  # told to listeners after the commit

    async def now_ms(self) -> int:
        """The server's clock, of which this process takes note."""
        asked = time.monotonic()
        now_ms: int = await self.db.value("now")
        self.clock.heed(now_ms, time.monotonic() - asked)
        return now_ms


Act = Callable[[Transaction], Awaitable[T]]


class Writer:
    """Open from `start` to `stop`, on the engine's own loop."""

    def __init__(self, address: Address, clock: ServerClock, publish: Callable[[Set[str]], None]) -> None:
        self._address = address
        self._clock = clock
        self._publish = publish
        self._pool: Any = None  # asyncpg's, from `start` to `stop`

    def start(self, pool: object) -> None:
        """Acts run on this pool from now on."""
        self._pool = pool

    async def stop(self) -> None:
        """Closes the pool."""
        pool, self._pool = self._pool, None
        if pool is not None:
            failpoint("writer.before_close")
            try:
                await pool.close()
            except (TimeoutError, OSError):  # nobody answers to a goodbye
                pool.terminate()

    def forget(self) -> None:
        """In a child: the connections are the original's."""
        abandon(self._pool)
        self._pool = None

    async def run(self, act: Act[T]) -> T:
        """The act's statements are one transaction."""
        return await self._persist(act, is_bound=True)

    async def run_one(self, act: Act[T]) -> T:
        """The same for an act of one statement, or of one that writes after one that looks: it spares two round trips.

        Behind a pooler, which would hand each half of a statement to another session, there is a transaction all the
        same.
        """
        return await self._persist(act, is_bound=self._address.is_pooled)

    async def _persist(self, act: Act[T], *, is_bound: bool) -> T:
        replaces_nul, why = False, Exception()
        with translated(self._address):
            for tries in range(_TRIES):
                try:
                    return await self._try(act, is_bound=is_bound, replaces_nul=replaces_nul)
                except asyncpg.CharacterNotInRepertoireError as error:
                    replaces_nul, why = True, error
                except asyncpg.ReadOnlySQLTransactionError:
                    await self._pool.expire_connections()  # it was demoted; the next connection finds the new primary
                    raise
                except _TRY_AGAIN as error:
                    why = error
                    await asyncio.sleep(_FIRST_PAUSE_SECONDS * random() * 2**tries)
        raise StoreUnavailable(
            f"{self._address.url} gave one transaction up {_TRIES} times ({why}); try again"
        ) from why

    async def _try(self, act: Act[T], *, is_bound: bool, replaces_nul: bool) -> T:
        failpoint("writer.before_begin")
        async with self._connection() as connection:
            database = Database(connection, self._clock.offset_ms, replaces_nul=replaces_nul)
            transaction = Transaction(database, self._clock)
            answer = await (_bound(connection, act, transaction) if is_bound else act(transaction))
        failpoint("writer.before_publish")
        if transaction.topics:
            self._publish(transaction.topics)
        failpoint("writer.before_answer")
        return answer

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Any]:
        """One of the pool's. Where a network has swallowed its statement, it does not wait for long to cancel that."""
        connection = await self._pool.acquire()
        try:
            yield connection
        finally:
            await self._pool.release(connection, timeout=_SECONDS_TO_CANCEL)


async def _bound(connection: Any, act: Act[T], transaction: Transaction) -> T:
    """The act as one transaction; returns once that is durable."""
    async with connection.transaction():
        failpoint("writer.begun")
        try:
            answer = await act(transaction)
            failpoint("writer.acted")
        except BaseException:
            failpoint("writer.before_rollback")
            raise
        failpoint("writer.before_commit")
    failpoint("writer.committed")
    return answer
