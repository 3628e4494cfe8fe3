"""The stores of one test: two that see the same database, and one that was never opened."""

from collections.abc import AsyncIterator

import pytest_asyncio

from jobhive.store.port import Store
from jobhive.testing.stores import StoreMaker


class Stores:
    """Fixtures that every engine shares; each stands on the engine's own `make_store`."""

    @pytest_asyncio.fixture
    async def store(self, make_store: StoreMaker) -> AsyncIterator[Store]:
        """An open store on a fresh database."""
        store = make_store()
        await store.open()
        yield store
        await store.close()

    @pytest_asyncio.fixture
    async def other(self, store: Store, make_store: StoreMaker) -> AsyncIterator[Store]:
        """Another open store on the database of `store`, as another process would have it."""
        other = make_store()
        other.clock.offset_ms = store.clock.offset_ms
        await other.open()
        yield other
        await other.close()
