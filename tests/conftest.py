"""What any test may ask for."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobhive.testing.postgres import postgres_store
from tests import postgres

_folder = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # once, not in each of xdist's processes
        config.stash[_folder] = postgres.prepare()


def pytest_unconfigure(config: pytest.Config) -> None:
    folder = config.stash.get(_folder, None)
    if folder is not None:
        postgres.tear_down(folder)


@pytest.fixture(scope="session")
def _migrated_schema() -> Iterator[str]:
    with postgres.fresh_schema() as url:
        asyncio.run(_open_once(url))
        yield url


async def _open_once(url: str) -> None:
    store = postgres_store(url)
    await store.open()
    await store.close()


@pytest.fixture
def postgres_url(_migrated_schema: str) -> Iterator[str]:
    """An empty schema on a real PostgreSQL, this test's alone."""
    yield _migrated_schema
    postgres.empty(_migrated_schema)
