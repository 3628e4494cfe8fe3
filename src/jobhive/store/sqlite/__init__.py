"""One file of SQLite, embedded: the default store."""

from jobhive.store.sqlite.engine import SqliteStore

__all__ = ["SqliteStore"]
