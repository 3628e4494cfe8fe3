"""The engine put together: a thread with the connections, acts by caller, a bell for other processes."""

import asyncio
from collections.abc import Collection, Mapping, Set
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from jobhive.core.clock import Clock
from jobhive.failpoints import failpoint
from jobhive.store.files import usable
from jobhive.store.liveness import FileLiveness
from jobhive.store.opening import Opening
from jobhive.store.port import Liveness
from jobhive.store.postgres.access import Access
from jobhive.store.postgres.address import address_of
from jobhive.store.postgres.admission import admit_server, migrate
from jobhive.store.postgres.audit import PostgresAudit
from jobhive.store.postgres.backup import write_backup
from jobhive.store.postgres.clock import ServerClock
from jobhive.store.postgres.connection import connected, open_pool
from jobhive.store.postgres.database import Database
from jobhive.store.postgres.events import PostgresEvents
from jobhive.store.postgres.home import Home
from jobhive.store.postgres.operate import OperateActs
from jobhive.store.postgres.pooler import admit_pooler, admit_program
from jobhive.store.postgres.prune import PruneActs
from jobhive.store.postgres.schema import PostgresSchema
from jobhive.store.postgres.submit import SubmitActs
from jobhive.store.postgres.tokens import PostgresTokens
from jobhive.store.postgres.trouble import read_only, translated
from jobhive.store.postgres.upkeep import UpkeepActs
from jobhive.store.postgres.wake import Bell
from jobhive.store.postgres.work import WorkActs
from jobhive.store.postgres.workers import PostgresWorkers
from jobhive.store.postgres.writer import Transaction, Writer
from jobhive.store.signals import Signals

DEFAULT_LEASE = timedelta(seconds=30)


class PostgresJobs(SubmitActs, WorkActs, UpkeepActs, PruneActs, OperateActs):
    """`Jobs` on PostgreSQL, put together from what each caller may ask."""

    def __init__(self, access: Access) -> None:
        SubmitActs.__init__(self, access)
        WorkActs.__init__(self, access)


class PostgresStore(Opening):
    """`Store` in a schema of a PostgreSQL database: the first one in the search_path.

    In a folder of its own below `folder` this machine keeps what is not in the database: its workers' locks, and the
    audit log's key. Raises StoreRefused for a URL that is none of PostgreSQL's.
    """

    def __init__(self, url: str, folder: Path, *, lease: timedelta = DEFAULT_LEASE) -> None:
        super().__init__()
        self._address, clock = address_of(url), ServerClock()
        self.url = self._address.url
        self.clock: Clock = clock
        self.lease = lease
        self.signals = Signals(self._seek)
        self.beside = folder.absolute() / self._address.name
        self._home = Home(self.url)
        self._writer = Writer(self._address, clock, self._publish)
        self._bell = Bell(self._address, self._writer, self.signals)
        access = Access(self._home, self._writer, clock, lease, self.beside / "alive")
        self._access = access
        self.jobs = PostgresJobs(access)
        self.events = PostgresEvents(access)
        self.workers = PostgresWorkers(access)
        self.schema = PostgresSchema(self._address)
        self.tokens = PostgresTokens(access)
        self.audit = PostgresAudit(access)

    def hold(self, worker_id: str, supervisor_id: str | None = None) -> Liveness:
        """Takes the file lock by which others on this machine see at once that the worker's process is gone.

        Workers on other machines are missed once their leases run out.
        """
        return FileLiveness(self.beside / "alive", worker_id, supervisor_id)

    async def check(self) -> Mapping[str, str]:
        """Begins a transaction that could write. Raises StoreError where something is wrong."""
        only_reads, version, synchronous_commit, schema = await self._access.run(_look)
        if only_reads:
            raise read_only(self.url, "its default_transaction_read_only is on")
        return {
            "write": "ok",
            "read": "ok",
            "schema": str(schema),
            "postgresql": version,
            "synchronous_commit": synchronous_commit,
        }

    async def sizes(self) -> Mapping[str, int]:
        """Bytes of each table, with its indexes."""
        with translated(self._address):
            async with connected(self._address) as connection:
                rows = await Database(connection, 0).all("sizes")
        return dict(rows)

    async def backup(self, path: Path) -> None:
        """Writes an archive by `pg_dump`, which has to be there, and needs a session of its own."""
        with translated(self._address):
            async with connected(self._address) as connection:
                await admit_program(connection, self._address)
                schema = await connection.fetchval("SELECT current_schema()")
        await asyncio.to_thread(write_backup, self._address, schema, path)

    def _abandon(self) -> None:
        self._home.forget()
        self._writer.forget()
        self._bell.forget()

    def _begin(self) -> None:
        self._home.start(self)
        try:
            self._home.perform(self._connect)
        except BaseException:
            self._end()
            raise

    async def _connect(self) -> None:
        with translated(self._address):
            pool = await open_pool(self._address)
            self._writer.start(pool)
            async with pool.acquire() as connection:
                await admit_pooler(connection, self._address)
                await admit_server(connection, self.url)
                await migrate(connection, self.url)
                failpoint("store.migrated")
                await self._set_out(connection)
        failpoint("store.opened")

    async def _set_out(self, connection: Any) -> None:
        with usable(self.beside):
            (self.beside / "alive").mkdir(mode=0o700, parents=True, exist_ok=True)
        await Transaction(Database(connection, self.clock.offset_ms), self._access.clock).now_ms()
        await self._bell.start(connection)

    def _end(self) -> None:
        self._home.drain()
        try:
            self._home.perform(self._bell.stop)
            self._home.perform(self._writer.stop)
        finally:
            self._home.stop()

    def _publish(self, topics: Set[str]) -> None:
        self.signals.publish(topics)
        self._bell.tell_others(topics)

    def _seek(self, topics: Collection[str]) -> None:
        self._home.post(partial(self._bell.seek, topics))


async def _look(transaction: Transaction) -> tuple[bool, str, str, int]:
    """Whether the server only reads, its version, its synchronous_commit, and how many migrations the schema has."""
    failpoint("store.before_check")
    [(_, *found)] = await transaction.db.all("check")
    await transaction.now_ms()
    only_reads, version, synchronous_commit, schema = found
    return only_reads, version, synchronous_commit, schema
