"""A few threads that read, each with a connection of its own, so that no reader waits for the writer."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from jobhive.core.errors import JobhiveError, StoreUnavailable
from jobhive.failpoints import failpoint
from jobhive.forks import abandon
from jobhive.store.sqlite.connection import connect_reader
from jobhive.store.sqlite.database import Database
from jobhive.store.sqlite.trouble import translated

T = TypeVar("T")

_THREADS = 4


class Readers:
    """Runs questions on reading connections. Open from `start` to `stop`."""

    def __init__(self, path: Path, vfs: str | None = None) -> None:
        self._path = path
        self._vfs = vfs
        self._local = threading.local()  # `.db` per thread, made at its first question
        self._connections: list[Database] = []  # all of them, closed by `stop`
        self._pool: ThreadPoolExecutor | None = None

    def start(self) -> None:
        """Makes the threads; connections come with the first questions."""
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="jobhive-reader")

    def stop(self) -> None:
        """Waits for questions under way and closes the connections."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
        while self._connections:
            self._connections.pop().close()

    def forget(self) -> None:
        """In a child: threads and connections are the original's."""
        abandon(*self._connections)
        self._connections = []
        self._local = threading.local()
        self._pool = None

    async def run(self, question: Callable[[Database], T]) -> T:
        """The question's answer from one snapshot of the database."""
        if self._pool is None:
            raise StoreUnavailable(f"the store {self._path} is not open; open it before you use it")
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._ask, question)

    def _ask(self, question: Callable[[Database], T]) -> T:
        with translated(self._path):
            db = self._connection()
            try:
                return _in_snapshot(db, question)
            except JobhiveError:  # an answer too, such as that there is no such job
                _end(db)
                raise
            except BaseException:  # whatever state the connection is in, the next question gets a fresh one
                self._local.db = None
                self._connections.remove(db)
                db.close()
                raise

    def _connection(self) -> Database:
        known: Database | None = getattr(self._local, "db", None)
        if known is None:
            known = self._local.db = connect_reader(self._path, self._vfs)
            self._connections.append(known)
        return known


def _in_snapshot(db: Database, question: Callable[[Database], T]) -> T:
    failpoint("reader.before_begin")
    db.script("BEGIN")
    answer = question(db)
    _end(db)
    return answer


def _end(db: Database) -> None:
    failpoint("reader.before_end")
    db.script("COMMIT")
