"""Who may talk to us: a Host that is ours (DNS rebinding), and no writes sent by other people's pages."""

import re
import socket
from collections.abc import Iterator
from http import HTTPStatus

import psutil
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from jobhive.api.problems import ProblemResponse, Refused, to_problem

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:[0-9]{1,5})?", re.IGNORECASE)
_EVERYWHERE = frozenset({"0.0.0.0", "::"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class WrongHost(Refused):
    """The Host header names somebody else."""

    code = "HOST_NOT_ALLOWED"
    status = HTTPStatus.MISDIRECTED_REQUEST


class CrossSite(Refused):
    """A browser sends this for a page of another origin."""

    code = "CROSS_SITE"
    status = HTTPStatus.FORBIDDEN


class OwnHosts:
    """ASGI middleware that lets through what names one of the hosts, on any port."""

    def __init__(self, app: ASGIApp, allowed_hosts: frozenset[str]) -> None:
        self._app = app
        self._allowed = LOOPBACK | {host.lower() for host in allowed_hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (refusal := self._refusal(scope)):
            await ProblemResponse(to_problem(refusal))(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Refused | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or _name(hosts[0]) not in self._allowed:
            names = ", ".join(sorted(self._allowed))
            return WrongHost(f"this server answers to {names}; use one of them, or add yours to $JOBHIVE_ALLOWED_HOSTS")
        if scope["method"] not in _READING and _is_cross_site(headers, hosts[0]):
            return CrossSite("this request comes from a page of another origin, which may not change anything here")
        return None


def hosts_of(listening: str, further: str) -> frozenset[str]:
    """The names of a server that listens at that address, and those of `further`, with commas between them."""
    named = {name.strip() for name in further.split(",")} - {""}
    own = set(_own_hosts()) if listening in _EVERYWHERE else {listening}
    return frozenset(f"[{name}]" if ":" in name else name for name in named | own)


def _own_hosts() -> Iterator[str]:
    yield socket.gethostname()
    for addresses in psutil.net_if_addrs().values():
        for address in addresses:
            if address.family in {socket.AF_INET, socket.AF_INET6}:
                yield address.address.partition("%")[0]


def _name(host: str) -> str | None:
    parts = _HOST.fullmatch(host)
    return parts["name"].lower() if parts else None


def _is_cross_site(headers: Headers, host: str) -> bool:
    """As the browser says (Fetch Metadata, W3C); where it says nothing, its Origin (RFC 6454) must be our Host."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2].lower() != host.lower()
