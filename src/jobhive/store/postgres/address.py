"""From a URL to where the server is and how to speak to it."""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from jobhive.core.errors import StoreRefused

_SCHEMES = ("postgresql", "postgres")
_DEFAULT_POOL_SIZE = 8
_DEFAULT_STATEMENTS = 100
_SECRETS = ("password", "sslpassword")
_PASSWORD = re.compile(r":[^:@/]*@")  # between the user and the hosts


class Address(NamedTuple):
    """What a store's URL says. Our own words are taken out of it; all others are the driver's."""

    dsn: str  # with secrets
    url: str  # without
    pool_size: int = _DEFAULT_POOL_SIZE  # connections at most, the listening one apart
    statement_cache_size: int = _DEFAULT_STATEMENTS  # 0: a pooler hands each transaction another connection
    has_listener: bool = True  # whether LISTEN is of use

    @property
    def name(self) -> str:
        """Short, for a folder of this machine: the same for every way in to one database and search_path."""
        parts = urlsplit(self.url)
        where = f"{parts.netloc.rpartition('@')[2]}{parts.path} {self.search_path or ''}"
        return f"{parts.path.strip('/') or 'postgres'}-{sha256(where.encode()).hexdigest()[:12]}"

    @property
    def search_path(self) -> str | None:
        """What the URL says of it, if anything."""
        return dict(parse_qsl(urlsplit(self.url).query)).get("search_path")

    @property
    def is_pooled(self) -> bool:
        """Whether two statements may reach different sessions unless a transaction binds them."""
        return self.statement_cache_size == 0


def address_of(url: str) -> Address:
    """Reads a URL such as `postgresql://user:password@host1,host2/database?target_session_attrs=read-write`.

    Our own options: `pool_size` (8), `statement_cache_size` (100; 0 for poolers in transaction mode), `listen` (`on`,
    or `off` where the statement cache is off). Raises StoreRefused for what is no such URL.
    """
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES:
        raise StoreRefused(f"{parts.scheme or 'this'}:// is no PostgreSQL URL; write postgresql://user@host/database")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    pool_size = _number(options, "pool_size", _DEFAULT_POOL_SIZE, least=2)
    statements = _number(options, "statement_cache_size", _DEFAULT_STATEMENTS, least=0)
    has_listener = _switch(options, "listen", is_on=statements > 0)
    told = {name: value for name, value in options.items() if name not in _SECRETS}
    return Address(
        _joined(parts.netloc, parts.path, options),
        _joined(_PASSWORD.sub("@", parts.netloc), parts.path, told),
        pool_size,
        statements,
        has_listener,
    )


def _joined(netloc: str, path: str, options: Mapping[str, str]) -> str:
    query = f"?{urlencode(options, safe='/,')}" if options else ""
    return f"postgresql://{netloc}{path}{query}"


def _number(options: dict[str, str], name: str, default: int, *, least: int) -> int:
    text = options.pop(name, str(default))
    if not (text.isascii() and text.isdigit()) or int(text) < least:
        raise StoreRefused(f"{name}={text[:40]} in the store's URL is no whole number from {least} on")
    return int(text)


def _switch(options: dict[str, str], name: str, *, is_on: bool) -> bool:
    text = options.pop(name, "on" if is_on else "off")
    if text not in ("on", "off"):
        raise StoreRefused(f"{name}={text[:40]} in the store's URL is neither `on` nor `off`")
    return text == "on"
