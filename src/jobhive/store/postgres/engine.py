"""The engine put together: a thread with the connections, acts by caller, a bell for other processes."""

import asyncio
import threading
from collections.abc import Collection, Mapping
from datetime import timedelta

from jobhive.core.clock import Clock
from jobhive.store.port import Liveness
from jobhive.store.postgres.access import Access
from jobhive.store.postgres.address import address_of
from jobhive.store.postgres.admission import admit_server, migrate
from jobhive.store.postgres.connection import open_pool
from jobhive.store.postgres.events import PostgresEvents
from jobhive.store.postgres.home import Home
from jobhive.store.postgres.operate import OperateActs
from jobhive.store.postgres.submit import SubmitActs
from jobhive.store.postgres.trouble import translated
from jobhive.store.postgres.upkeep import UpkeepActs
from jobhive.store.postgres.wake import Bell
from jobhive.store.postgres.work import WorkActs
from jobhive.store.postgres.workers import PostgresWorkers
from jobhive.store.postgres.writer import Writer
from jobhive.store.signals import Signals

DEFAULT_LEASE = timedelta(seconds=30)


class PostgresJobs(SubmitActs, WorkActs, UpkeepActs, OperateActs):
    """`Jobs` on PostgreSQL, put together from what each caller may ask."""

    def __init__(self, access: Access) -> None:
        SubmitActs.__init__(self, access)
        WorkActs.__init__(self, access)


class PostgresStore:
    """`Store` in a schema of a PostgreSQL database: the first one in the search_path.

    Raises StoreRefused for a URL that is none of PostgreSQL's.
    """

    def __init__(self, url: str, *, lease: timedelta = DEFAULT_LEASE) -> None:
        self._address = address_of(url)
        self.url = self._address.url
        self.clock = Clock()
        self.lease = lease
        self.signals = Signals()
        self._home = Home(self.url)
        self._writer = Writer(self._address, self.clock, self._publish)
        self._bell = Bell(self._address, self._writer, self.signals.publish)
        self._is_open = False
        self._changing = threading.Lock()  # held while it opens or closes: callers may come together, on several loops
        access = Access(self._home, self._writer, lease)
        self._access = access
        self.jobs = PostgresJobs(access)
        self.events = PostgresEvents(access)
        self.workers = PostgresWorkers(access)

    async def open(self) -> None:
        """Opens and migrates. Raises StoreRefused, StoreUnavailable, StoreFull."""
        if not self._is_open:
            await asyncio.to_thread(self._open)

    async def close(self) -> None:
        """Answers what is under way, then releases everything."""
        if self._is_open:
            await asyncio.to_thread(self._close)

    def hold(self, worker_id: str) -> Liveness:
        """A sign that nobody can read: workers may be on other machines, where only the lease tells."""
        return _NoSign()

    async def check(self) -> Mapping[str, str]:
        """Begins a transaction that could write. Raises StoreError where something is wrong."""
        row = await self._access.run(lambda transaction: transaction.db.one("check"))
        _, version, synchronous_commit, schema = row or (None, "unknown", "unknown", "unknown")
        return {
            "write": "ok",
            "read": "ok",
            "schema": str(schema),
            "postgresql": version,
            "synchronous_commit": synchronous_commit,
        }

    def _open(self) -> None:
        with self._changing:
            if not self._is_open:
                self._home.start()
                try:
                    self._home.perform(self._begin)
                except BaseException:
                    self._end()
                    raise
                self._is_open = True

    def _close(self) -> None:
        with self._changing:
            if self._is_open:
                self._is_open = False
                self._end()

    async def _begin(self) -> None:
        with translated(self._address):
            pool = await open_pool(self._address)
            self._writer.start(pool)
            async with pool.acquire() as connection:
                await admit_server(connection, self.url)
                await migrate(connection, self.url)
                await self._bell.start(connection)

    def _end(self) -> None:
        self._home.drain()
        self._home.perform(self._bell.stop)
        self._home.perform(self._writer.stop)
        self._home.stop()

    def _publish(self, topics: Collection[str]) -> None:
        self.signals.publish(topics)
        self._bell.tell_others(topics)


class _NoSign:
    """A `Liveness` of no consequence."""

    def release(self) -> None:
        """Does nothing."""
