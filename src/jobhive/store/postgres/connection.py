"""Opening connections the one way that suits us."""

import asyncio
import os
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import asyncpg

from jobhive.forks import tell_of_forks
from jobhive.store.postgres.address import Address

if TYPE_CHECKING:
    _Base = asyncpg.Connection[asyncpg.Record]
else:
    _Base = asyncpg.Connection

LIMIT_OF_IDLENESS = "idle_in_transaction_session_timeout"
_ANSWER_SECONDS = 30.0  # then the server counts as gone
_IDLE = "10s"  # in mid-transaction: then its process stands still, and its locks are in everybody's way
_KEEP_ALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 4}  # seconds twice, then tries: 30 s in all


class _Connection(_Base):
    """A connection that a forked child leaves to the original.

    Closed there it would end for both; kept open it would outlive the original, and with it what the original locked.
    """

    __slots__ = ("_line",)

    def __init__(self, protocol: object, transport: asyncio.Transport, *others: object) -> None:
        cast(Any, super()).__init__(protocol, transport, *others)
        self._line = transport  # from the driver, which closes it
        _keep_alive(transport.get_extra_info("socket"))
        tell_of_forks(self)

    def forget(self) -> None:
        """Its descriptor stands for nothing from now on."""
        if not self._line.is_closing():
            nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
            os.dup2(nothing, self._line.get_extra_info("socket").fileno(), inheritable=False)
            os.close(nothing)


def _keep_alive(line: socket.socket) -> None:
    """Else who only listens would never hear that the server's machine is gone, or that a firewall forgot the line."""
    if line.family != getattr(socket, "AF_UNIX", None):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEP_ALIVE.items():
            if hasattr(socket, name):  # not on every system
                line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def open_pool(address: Address) -> Any:
    """A pool that makes connections as they are needed. It keeps none up by itself, which it would log each time."""
    make = cast(Any, asyncpg).create_pool
    pool = make(address.dsn, min_size=0, max_size=address.pool_size, reset=_keep, **_options(address))
    return await pool


async def open_listener(address: Address) -> Any:
    """A connection apart, which listens for as long as it lasts."""
    return await cast(Any, asyncpg).connect(address.dsn, **_options(address))


@asynccontextmanager
async def connected(address: Address) -> AsyncGenerator[Any]:
    """A connection for the length of the block, on the caller's own loop."""
    connection = await cast(Any, asyncpg).connect(address.dsn, **_options(address))
    try:
        yield connection
    finally:
        await connection.close()


def _options(address: Address) -> dict[str, object]:
    return {
        "timeout": address.connect_seconds,
        "command_timeout": _ANSWER_SECONDS,
        "statement_cache_size": address.statement_cache_size,
        "connection_class": _Connection,
        # A pooler refuses settings at the start of a session, and has such a limit of its own.
        "server_settings": {} if address.is_pooled else {LIMIT_OF_IDLENESS: _IDLE},
    }


async def _keep(connection: object) -> None:
    """Nothing is reset between two acts: no session has settings of its own. It would cost a round trip each."""
