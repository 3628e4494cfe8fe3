"""Opening connections the one way that suits us."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import asyncpg

from jobhive.store.postgres.address import Address

_CONNECT_SECONDS = 10.0
_ANSWER_SECONDS = 30.0  # then the server counts as gone


async def open_pool(address: Address) -> Any:
    """A pool that keeps one connection and makes others as they are needed."""
    make = cast(Any, asyncpg).create_pool
    pool = make(address.dsn, min_size=1, max_size=address.pool_size, reset=_keep, **_options(address))
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
        "timeout": _CONNECT_SECONDS,
        "command_timeout": _ANSWER_SECONDS,
        "statement_cache_size": address.statement_cache_size,
    }


async def _keep(connection: object) -> None:
    """Nothing is reset between two acts: no session has settings of its own. It would cost a round trip each."""
