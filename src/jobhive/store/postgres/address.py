"""From a URL to where the server is and how to speak to it."""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

from jobhive.core.errors import WrongStoreUrl

_SCHEMES = ("postgresql", "postgres")
_DEFAULT_POOL_SIZE = 8
_DEFAULT_STATEMENTS = 100
_DEFAULT_CONNECT_SECONDS = 10
_SECRETS = ("password", "sslpassword")
_SESSIONS = ("any", "primary", "standby", "read-write", "read-only", "prefer-standby")  # target_session_attrs
_PORT = re.compile(r"(?:\[[^]]*]|[^:]*)(?::(.*))?")  # of one host, which may be an IPv6 address in brackets
_MOST_PORT = 65_535


class Address(NamedTuple):
    """What a store's URL says. Our own words are taken out of it; all others are the driver's."""

    dsn: str  # with secrets
    url: str  # without
    pool_size: int = _DEFAULT_POOL_SIZE  # connections at most, the listening one apart
    statement_cache_size: int = _DEFAULT_STATEMENTS  # 0: a pooler hands each transaction another connection
    has_listener: bool = True  # whether LISTEN is of use
    connect_seconds: int = _DEFAULT_CONNECT_SECONDS  # then a host counts as away

    @property
    def name(self) -> str:
        """Short, for a folder of this machine: the same for every user and option of one database and search_path."""
        parts, options = urlsplit(self.url), self._options
        hosts = parts.netloc.rpartition("@")[2] or "".join(f"{options.get(each, '')}:" for each in ("host", "port"))
        where = f"{hosts}{parts.path} {self.search_path or ''}"
        return f"{parts.path.strip('/') or 'postgres'}-{sha256(where.encode()).hexdigest()[:12]}"

    @property
    def search_path(self) -> str | None:
        """What the URL says of it, if anything."""
        return self._options.get("search_path")

    @property
    def _options(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query))

    @property
    def is_pooled(self) -> bool:
        """Whether two statements may reach different sessions unless a transaction binds them."""
        return self.statement_cache_size == 0


def address_of(url: str) -> Address:
    """Reads a URL such as `postgresql://user:password@host1,host2/database?target_session_attrs=read-write`.

    Our own options: `pool_size` (8), `statement_cache_size` (100; 0 for poolers in transaction mode), `listen` (`on`,
    or `off` where the statement cache is off), `connect_timeout` (10 seconds). Raises WrongStoreUrl for what is no such
    URL.
    """
    parts = _split(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if (session := options.get("target_session_attrs", "any")) not in _SESSIONS:
        raise WrongStoreUrl(f"target_session_attrs={session[:40]} in the store's URL is none of {', '.join(_SESSIONS)}")
    database = [options.pop(name) for name in ("dbname", "database") if options.get(name)]
    path = f"/{quote(database[0], safe='')}" if database else parts.path
    pool_size = _number(options, "pool_size", _DEFAULT_POOL_SIZE, least=2)
    statements = _number(options, "statement_cache_size", _DEFAULT_STATEMENTS, least=0)
    connect_seconds = _number(options, "connect_timeout", _DEFAULT_CONNECT_SECONDS, least=1)
    has_listener = _switch(options, "listen", is_on=statements > 0)
    told = {name: value for name, value in options.items() if name not in _SECRETS}
    return Address(
        _joined(parts.netloc, path, options),
        _joined(_without_password(parts.netloc), path, told),
        pool_size,
        statements,
        has_listener,
        connect_seconds,
    )


def _split(url: str) -> SplitResult:
    """Nothing of what may be a piece of a password is told in an error."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise WrongStoreUrl(f"the store's URL cannot be read: {error}") from error
    if parts.scheme not in _SCHEMES:
        raise WrongStoreUrl(f"{parts.scheme or 'this'}:// is no PostgreSQL URL; write postgresql://user@host/database")
    user, _, hosts = parts.netloc.rpartition("@")
    is_cut_off = "@" in parts.path or "@" in parts.query.partition("=")[0]  # by what begins a path or options
    if is_cut_off or "@" in user or parts.fragment:
        advice = "write each @ / ? # in it %-encoded: %40 %2F %3F %23"
        raise WrongStoreUrl(f"the store's URL cannot be read: its user or password holds what ends it; {advice}")
    for host in hosts.split(","):
        _check_port(host)
    return parts


def _check_port(host: str) -> None:
    named = _PORT.fullmatch(host)
    port = named[1] if named else host
    if port and not (port.isascii() and port.isdigit() and 0 < int(port) <= _MOST_PORT):
        raise WrongStoreUrl(f"port {port[:40]!r} in the store's URL is no number from 1 to {_MOST_PORT}")


def _without_password(netloc: str) -> str:
    user, at, hosts = netloc.rpartition("@")
    return f"{user.partition(':')[0]}{at}{hosts}"


def _joined(netloc: str, path: str, options: Mapping[str, str]) -> str:
    query = f"?{urlencode(options, safe='/,')}" if options else ""
    return f"postgresql://{netloc}{path}{query}"


def _number(options: dict[str, str], name: str, default: int, *, least: int) -> int:
    text = options.pop(name, str(default))
    if not (text.isascii() and text.isdigit()) or int(text) < least:
        raise WrongStoreUrl(f"{name}={text[:40]} in the store's URL is no whole number from {least} on")
    return int(text)


def _switch(options: dict[str, str], name: str, *, is_on: bool) -> bool:
    text = options.pop(name, "on" if is_on else "off")
    if text not in ("on", "off"):
        raise WrongStoreUrl(f"{name}={text[:40]} in the store's URL is neither `on` nor `off`")
    return text == "on"
