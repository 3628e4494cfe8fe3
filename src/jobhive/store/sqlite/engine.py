"""The engine put together: one file, one writing thread, a few reading ones, a bell for other processes."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import timedelta
from pathlib import Path

import apsw

from jobhive.core.clock import Clock
from jobhive.failpoints import failpoint
from jobhive.store.liveness import FileLiveness
from jobhive.store.opening import Opening
from jobhive.store.port import Liveness
from jobhive.store.signals import Signals
from jobhive.store.sqlite.access import Access
from jobhive.store.sqlite.admission import admit_folder, admit_library, file_system_of, migrate
from jobhive.store.sqlite.audit import SqliteAudit
from jobhive.store.sqlite.backup import write_backup
from jobhive.store.sqlite.connection import connect_writer
from jobhive.store.sqlite.events import SqliteEvents
from jobhive.store.sqlite.operate import OperateActs
from jobhive.store.sqlite.prune import PruneActs
from jobhive.store.sqlite.readers import Readers
from jobhive.store.sqlite.schema import SqliteSchema
from jobhive.store.sqlite.submit import SubmitActs
from jobhive.store.sqlite.tokens import SqliteTokens
from jobhive.store.sqlite.trouble import translated
from jobhive.store.sqlite.upkeep import UpkeepActs
from jobhive.store.sqlite.wake import WakeSocket
from jobhive.store.sqlite.work import WorkActs
from jobhive.store.sqlite.workers import SqliteWorkers
from jobhive.store.sqlite.writer import Transaction, Writer

DEFAULT_LEASE = timedelta(seconds=30)


class SqliteJobs(SubmitActs, WorkActs, UpkeepActs, PruneActs, OperateActs):
    """`Jobs` on SQLite, put together from what each caller may ask."""


class SqliteStore(Opening):
    """`Store` on one SQLite file. Beside `<file>` it keeps `<file>.d/`: sockets, locks, the audit key.

    `vfs` names a virtual file system of SQLite instead of the operating system's, such as a disk that fails
    (`jobhive.testing.faults`).
    """

    def __init__(self, path: Path, *, lease: timedelta = DEFAULT_LEASE, vfs: str | None = None) -> None:
        super().__init__()
        self.path = path.absolute()
        self.url = f"sqlite:///{self.path}"
        self.clock = Clock()
        self.lease = lease
        self.signals = Signals()
        self.beside = self.path.with_name(f"{self.path.name}.d")
        self._writer = Writer(self.path, self.clock, self._publish, vfs)
        self._vfs = vfs
        self._readers = Readers(self.path, vfs)
        self._wake = WakeSocket(self.beside / "wake", self.signals.publish)
        access = Access(self._writer, self._readers, self.clock, lease, self.beside / "alive")
        self.jobs = SqliteJobs(access)
        self.events = SqliteEvents(access)
        self.workers = SqliteWorkers(access)
        self.schema = SqliteSchema(self.path)
        self.tokens = SqliteTokens(access)
        self.audit = SqliteAudit(access)

    def hold(self, worker_id: str, supervisor_id: str | None = None) -> Liveness:
        """Takes the file lock by which others see at once that the worker's process, and its supervisor's, is gone."""
        return FileLiveness(self.beside / "alive", worker_id, supervisor_id)

    async def check(self) -> Mapping[str, str]:
        """Writes and reads once. Raises StoreError where something is wrong."""
        await self._writer.run(_write_something)
        version = await self._readers.run(lambda db: db.pragma("user_version"))
        with translated(self.path):
            file_system = await asyncio.to_thread(file_system_of, self.path.parent)
        return {
            "write": "ok",
            "read": "ok",
            "schema": str(version),
            "sqlite": apsw.sqlite_lib_version(),
            "file_system": file_system,
        }

    async def sizes(self) -> Mapping[str, int]:
        """Bytes of the database and of its WAL."""
        files = {"database": self.path, "wal": self.path.with_name(f"{self.path.name}-wal")}
        with translated(self.path):
            return {name: file.stat().st_size if file.exists() else 0 for name, file in files.items()}

    async def backup(self, path: Path) -> None:
        """Writes a copy by VACUUM INTO, on a connection of its own."""
        await asyncio.to_thread(write_backup, self.path, path)

    def _abandon(self) -> None:
        """Threads are the original's, and SQLite's connections survive no fork.

        Source: https://sqlite.org/howtocorrupt.html#_carrying_an_open_database_connection_across_a_fork_
        """
        self._writer.forget()
        self._readers.forget()
        self._wake.forget()

    def _begin(self) -> None:
        with translated(self.path):
            admit_library()
            admit_folder(self.path)
            db = connect_writer(self.path, self._vfs)
            try:
                migrate(db, self.path)
            except BaseException:
                db.close()
                raise
            failpoint("store.migrated")
            for folder in ("wake", "alive"):
                (self.beside / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
            self._wake.start()
        self._writer.start(db)
        self._readers.start()
        failpoint("store.opened")

    def _end(self) -> None:
        self._writer.stop()
        self._readers.stop()
        self._wake.stop()

    def _publish(self, topics: Collection[str]) -> None:
        self.signals.publish(topics)
        self._wake.tell_others(topics)


def _write_something(transaction: Transaction) -> None:
    """The schema version as it is: SQLite writes its page all the same, which shows whether there is room."""
    version = transaction.db.pragma("user_version")
    failpoint("store.before_check")
    transaction.db.script(f"PRAGMA user_version = {version}")
