"""What tests of every room need."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from jobhive.narration import episode
from jobhive.store.sqlite import SqliteStore
from tests import postgres

_folder = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # once, not in each of xdist's processes
        config.stash[_folder] = postgres.prepare()


def pytest_unconfigure(config: pytest.Config) -> None:
    folder = config.stash.get(_folder, None)
    if folder is not None:
        postgres.tear_down(folder)


@pytest.fixture(autouse=True)
def _as_a_process_of_its_own() -> None:
    """What an earlier test told of its store is not told already."""
    episode._told.clear()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """An open store on a file of its own."""
    store = SqliteStore(tmp_path / "jobhive.db")
    await store.open()
    yield store
    await store.close()


@pytest.fixture(scope="session")
def _migrated_schema() -> Iterator[str]:
    with postgres.fresh_schema() as url:
        asyncio.run(postgres.store(url).schema.migrate())
        yield url


@pytest.fixture
def postgres_url(_migrated_schema: str) -> Iterator[str]:
    """An empty schema on a real PostgreSQL, this test's alone."""
    yield _migrated_schema
    postgres.empty(_migrated_schema)


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a fresh store is, on each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/jobhive.db"
    url: str = request.getfixturevalue("postgres_url")
    return url
