"""Engines with the real model, loaded once."""

from collections.abc import AsyncGenerator

import pytest_asyncio

from jobhive.kinds.inference.engine import LocalEngine

CONTEXT_TOKENS = 256


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def engine() -> AsyncGenerator[LocalEngine]:
    """Serves three at once."""
    engine = LocalEngine(n_parallel=3, context_tokens=CONTEXT_TOKENS)
    yield engine
    await engine.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def narrow() -> AsyncGenerator[LocalEngine]:
    """Serves one at a time."""
    engine = LocalEngine(n_parallel=1, context_tokens=CONTEXT_TOKENS)
    yield engine
    await engine.stop()
