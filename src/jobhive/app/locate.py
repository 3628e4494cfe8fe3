"""From a store's URL to its engine. Each is loaded only now: a program may import us and never open a store."""

import re
from datetime import timedelta
from pathlib import Path

from jobhive.core.errors import StoreRefused, WrongStoreUrl
from jobhive.settings import Settings
from jobhive.store.port import Store

_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://")
_MEANT_AS_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/|postgres(ql)?/{2}")  # but not C:/


def is_server(url: str) -> bool:
    """Whether the URL names a database server, and not a file of this machine."""
    return url.startswith(_POSTGRES)


def store_at(settings: Settings) -> Store:
    """The engine for a path, a `sqlite:///` or a `postgresql://` URL, not yet opened. Else raises WrongStoreUrl."""
    url, lease = settings.url, settings.lease
    if is_server(url):
        return _postgres(url, lease, settings.data)
    if _MEANT_AS_URL.match(url) and not url.startswith(_SQLITE):
        scheme = re.split("[:/]", url, maxsplit=1)[0]
        known = f"use a path, {_SQLITE}path/to/jobhive.db, or {_POSTGRES[0]}user@host/database"
        raise WrongStoreUrl(f"no store engine for {scheme}: URLs of this form; {known}")
    from jobhive.store.sqlite import SqliteStore

    return SqliteStore(_path(url.removeprefix(_SQLITE), url), lease=lease)


def _postgres(url: str, lease: timedelta, data: Path) -> Store:
    try:
        from jobhive.store.postgres import PostgresStore
    except ModuleNotFoundError as error:
        raise StoreRefused(f"PostgreSQL needs {error.name}; pip install 'jobhive[postgres]'") from error
    return PostgresStore(url, data, lease=lease)


def _path(text: str, url: str) -> Path:
    if text in ("", ":memory:"):
        raise WrongStoreUrl(f"{url!r} names no file; jobs are durable, so give the store a path")
    return Path(text).expanduser()
