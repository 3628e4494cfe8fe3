"""Opening connections the one way that is safe: WAL, every commit synced, short patient waits for the lock."""

import time
from itertools import count
from pathlib import Path

import apsw

from jobhive.store.sqlite.database import Database

_BUSY_SLEEP_SECONDS = 0.0003
_BUSY_PATIENCE_SECONDS = 30.0


def connect_writer(path: Path) -> Database:
    """A connection for the writer thread. Creates the file where it is missing."""
    db = _connect(path)
    _use_wal(db)
    db.script("PRAGMA synchronous = FULL")  # NORMAL loses acknowledged commits in a power cut
    db.script("PRAGMA wal_autocheckpoint = 4000")
    db.script("PRAGMA cache_size = -65536")
    return db


def _use_wal(db: Database) -> None:
    """Waits for whoever does the same to a fresh file: SQLite asks no busy handler there, lest both wait for ever."""
    patience = _Patience()
    for calls_so_far in count():
        try:
            db.script("PRAGMA journal_mode = WAL")
        except apsw.BusyError:
            if not patience(calls_so_far):
                raise
        else:
            return


def connect_reader(path: Path) -> Database:
    """A connection that cannot write."""
    db = _connect(path)
    db.script("PRAGMA query_only = ON")
    return db


def connect_copier(path: Path) -> Database:
    """A connection for VACUUM INTO, which a connection that cannot write refuses, although it changes nothing here."""
    return _connect(path)


def _connect(path: Path) -> Database:
    connection = apsw.Connection(str(path))
    connection.set_busy_handler(_Patience())
    db = Database(connection)
    db.script("PRAGMA trusted_schema = OFF")
    return db


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
