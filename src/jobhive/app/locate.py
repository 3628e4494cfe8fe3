"""From a store's URL to its engine."""

from datetime import timedelta
from pathlib import Path

from jobhive.core.errors import StoreRefused
from jobhive.store.port import Store

_SQLITE = "sqlite:///"


def store_at(url: str, lease: timedelta) -> Store:
    """The engine for a path or a `sqlite:///` URL, not yet opened. Raises StoreRefused for anything else."""
    from jobhive.store.sqlite import SqliteStore  # loaded only now: a program may import us and never open a store

    if "://" in url and not url.startswith(_SQLITE):
        scheme = url.partition("://")[0]
        raise StoreRefused(f"no store engine for {scheme}:// URLs; use a path or {_SQLITE}path/to/jobhive.db")
    return SqliteStore(_path(url.removeprefix(_SQLITE), url), lease=lease)


def _path(text: str, url: str) -> Path:
    if text in ("", ":memory:"):
        raise StoreRefused(f"{url!r} names no file; jobs are durable, so give the store a path")
    return Path(text).expanduser()
