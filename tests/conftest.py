"""What tests of every room need."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jobhive.store.sqlite import SqliteStore


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """An open store on a file of its own."""
    store = SqliteStore(tmp_path / "jobhive.db")
    await store.open()
    yield store
    await store.close()
