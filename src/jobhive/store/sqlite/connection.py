"""Opening connections the one way that is safe: WAL, every commit synced, short patient waits for the lock."""

import time
from itertools import count
from pathlib import Path

import apsw

from jobhive.store.sqlite.database import Database

_BUSY_SLEEP_SECONDS = 0.0003
_BUSY_PATIENCE_SECONDS = 30.0


def connect_writer(path: Path, vfs: str | None = None) -> Database:
    """A connection for the writer thread. Creates the file where it is missing."""
    return _connect(
        path,
        vfs,
        # NORMAL loses acknowledged commits in a power cut. EXTRA is FULL for a log, and comes first: the journal under
        # which the log is turned on must be gone for good, for a power cut that brought it back would empty the file.
        "synchronous = EXTRA",
        "journal_mode = WAL",
        "wal_autocheckpoint = 4000",
        "cache_size = -65536",
    )


def connect_reader(path: Path, vfs: str | None = None) -> Database:
    """A connection that cannot write."""
    return _connect(path, vfs, "query_only = ON")


def connect_copier(path: Path, vfs: str | None = None) -> Database:
    """A connection for VACUUM INTO, which a connection that cannot write refuses, although it changes nothing here."""
    return _connect(path, vfs)


def _connect(path: Path, vfs: str | None, *pragmas: str) -> Database:
    connection = apsw.Connection(str(path), vfs=vfs)
    connection.set_busy_handler(_Patience())
    db = Database(connection)
    try:
        for pragma in ("trusted_schema = OFF", *pragmas):
            _set(db, pragma)
    except BaseException:
        db.close()
        raise
    return db


def _set(db: Database, pragma: str) -> None:
    """Waits for whoever turns a fresh file's log on: SQLite asks no busy handler there, lest both wait for ever."""
    patience = _Patience()
    for calls_so_far in count():
        try:
            db.ask(f"PRAGMA {pragma}")  # to its last row: an error may come after the first
        except apsw.BusyError:
            if not patience(calls_so_far):
                raise
        else:
            return


class _Patience:
    """A busy handler with sub-millisecond sleeps: SQLite's own doubles them to 100 ms, which starves the unlucky."""

    def __init__(self) -> None:
        self._since = 0.0  # when the current wait began; set at its first call

    def __call__(self, calls_so_far: int) -> bool:
        now = time.monotonic()
        if calls_so_far == 0:
            self._since = now
        time.sleep(_BUSY_SLEEP_SECONDS)
        return now - self._since < _BUSY_PATIENCE_SECONDS
