"""A real llama.cpp server, started once."""

from collections.abc import AsyncGenerator, Iterator

import pytest
import pytest_asyncio

from jobhive.kinds.inference.remote.engine import RemoteEngine
from tests.inference.remote.llama_server import KEY, llama_server


@pytest.fixture(scope="session")
def llama() -> Iterator[str]:
    """Its address."""
    with llama_server() as address:
        yield address


@pytest_asyncio.fixture(loop_scope="session")
async def remote(llama: str) -> AsyncGenerator[RemoteEngine]:
    """A backend that asks it."""
    engine = RemoteEngine(llama, key=KEY)
    yield engine
    await engine.stop()
