"""A server for the API, inside the running loop. It takes no signals: whoever starts it stops it."""

import asyncio
import errno
import socket
from ipaddress import ip_address

import uvicorn
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from jobhive.api.protocol import Protocol
from jobhive.api.sse import HANGUP
from jobhive.core.errors import JobhiveError
from jobhive.failpoints import failpoint
from jobhive.narration import narrate

_GRACE_SECONDS = 3  # for requests under way and for readers that take nothing; then their connections are cut
_KEEP_ALIVE_SECONDS = 75  # longer than clients keep idle connections, so that none is closed under a new request


class CannotListen(JobhiveError):
    """The server cannot have the address."""

    code = "CANNOT_LISTEN"


class PortInUse(CannotListen):
    """Another program listens there."""

    code = "PORT_IN_USE"


class Server:
    """One listening socket and what answers on it. `start` and `stop` may be called again and again."""

    def __init__(self, api: FastAPI, host: str, port: int) -> None:
        self._api = api
        self._host, self._port = host, port  # the port is 0 for any free one, until `start` has found it
        self._hangup = asyncio.Event()  # set by `stop`: open streams end
        self._uvicorn: uvicorn.Server | None = None  # from `start` to `stop`
        self._ticking: asyncio.Task[None] | None = None  # uvicorn's housekeeping, from `start` to `stop`

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://{f'[{self._host}]' if ':' in self._host else self._host}:{self._port}"

    async def start(self) -> None:
        """Returns once connections are accepted. Raises PortInUse, CannotListen."""
        has_tokens = not await self._api.state.guard.keyring.is_empty()
        listening = await asyncio.to_thread(_listen, self._host, self._port, has_tokens=has_tokens)
        self._host, self._port = listening.getsockname()[:2]
        self._hangup.clear()
        self._uvicorn = uvicorn.Server(self._configured())
        self._uvicorn.config.load()
        self._uvicorn.lifespan = self._uvicorn.config.lifespan_class(self._uvicorn.config)
        await self._uvicorn.startup(sockets=[listening])
        self._ticking = asyncio.create_task(self._uvicorn.main_loop())
        failpoint("server.listening")
        narrate("server", "listens", self.url, "ready for requests")
        if not ip_address(self._host).is_loopback:
            advice = "other machines reach it, and tokens travel unencrypted: put a proxy with TLS in front"
            narrate("server", "warns", self.url, advice, level="warning")

    async def stop(self) -> None:
        """Ends open streams at once, finishes what is under way, closes everything."""
        if self._uvicorn is None or self._ticking is None:
            return
        running, self._uvicorn = self._uvicorn, None
        self._ticking.cancel()
        self._hangup.set()
        stopping = asyncio.create_task(running.shutdown())
        await asyncio.wait({stopping}, timeout=_GRACE_SECONDS)
        for connection in list(running.server_state.connections):
            connection.transport.abort()
        await stopping
        narrate("server", "stopped", self.url, "readers of open streams can resume elsewhere")

    def _configured(self) -> uvicorn.Config:
        return uvicorn.Config(
            self._answer,
            http=Protocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=2 * _GRACE_SECONDS,
        )

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[HANGUP] = self._hangup
        await self._api(scope, receive, send)


def _listen(host: str, port: int, *, has_tokens: bool) -> socket.socket:
    if port not in range(1 << 16):
        raise CannotListen(f"a port is a number from 0 to 65535, not {port}; choose another with --port")
    try:
        family, address = _resolved(host)
        if not (has_tokens or ip_address(address).is_loopback):
            raise CannotListen(
                f"{host} can be reached from other machines, and without any token this server does not ask who calls; "
                "make one with `jobhive token new NAME --scope admin`, or listen on 127.0.0.1"
            )
        failpoint("server.before_listen")
        listening = socket.create_server((address, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(
                f"port {port} on {host} is taken, perhaps by another Jobhive; "
                "stop that program, or choose another port with --port or $JOBHIVE_PORT (0 takes any free one)"
            ) from error
        raise CannotListen(
            f"cannot listen on {host} port {port}: {error.strerror}; choose another with --host and --port"
        ) from error
    # Connections inherit it. asyncio would set it, but not on sockets made without naming TCP, as here; without it an
    # event that follows another waits for the client's delayed acknowledgement, 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _resolved(host: str) -> tuple[int, str]:
    """Address family and address; 127.0.0.1 where a name such as `localhost` means ::1 as well."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    family, *_, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return family, str(address[0])
