"""A schema of PostgreSQL for one test, and a connection to it that is not ours."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import asyncpg
import pytest

from tests import postgres


@pytest.fixture
def schema() -> Iterator[str]:
    """A schema with nothing in it."""
    with postgres.fresh_schema() as url:
        yield url


@pytest.fixture
async def connection(schema: str) -> AsyncIterator[Any]:
    """A connection of the test's own to it."""
    connection = await cast(Any, asyncpg).connect(postgres.for_driver(schema))
    yield connection
    await connection.close()
