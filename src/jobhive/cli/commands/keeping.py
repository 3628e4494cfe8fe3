"""What `jobhive db` does. It opens the store as the settings say, and migrates it only where that is what was asked."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from jobhive.app.locate import store_at
from jobhive.cli.exits import CommandError, Exit
from jobhive.settings import load_settings
from jobhive.store.port import Store


def store_of(url: str | None, data: Path | None) -> Store:
    """The settings' store, not opened."""
    settings = load_settings(url=url, data=data)
    return store_at(settings)


class Look(NamedTuple):
    """How a store is."""

    store: str  # its URL
    schema: int  # so many migrations it has
    newest: int  # so many there are
    bytes: Mapping[str, int]  # on disk, by what takes them
    jobs: Mapping[str, int] | None  # by state; None: they are counted once the schema is the newest


async def look(url: str | None, data: Path | None) -> Look:
    """Looks without changing anything. Raises CommandError where there is no store."""
    store = store_of(url, data)
    version, newest = await _version(store), len(store.schema.migrations())
    jobs = await _counts(store) if version == newest else None
    return Look(store.url, version, newest, await store.sizes(), jobs)


def shown(found: Look) -> Mapping[str, str]:
    """The same for people."""
    is_newest = found.schema == found.newest
    advice = "the newest" if is_newest else f"the newest is {found.newest}; `jobhive db migrate` brings it there"
    sizes = {name: f"{size:,} bytes" for name, size in found.bytes.items()}
    jobs = {} if found.jobs is None else {state: str(count) for state, count in found.jobs.items() if count}
    return {"store": found.store, "schema": f"{found.schema} ({advice})", **sizes, **jobs}


async def copy(target: Path, url: str | None, data: Path | None) -> None:
    """Copies the store to a new file. Raises CommandError where there is none."""
    store = store_of(url, data)
    await _version(store)
    await store.backup(target)


async def missing(url: str | None, data: Path | None) -> Sequence[str]:
    """The migrations that the store does not have."""
    schema = store_of(url, data).schema
    return [migration.name for migration in schema.migrations()[await schema.version() :]]


async def bring_forward(url: str | None, data: Path | None) -> Sequence[str]:
    """Applies them; their names."""
    return [migration.name for migration in await store_of(url, data).schema.migrate()]


async def _version(store: Store) -> int:
    version = await store.schema.version()
    if version == 0:
        raise CommandError(f"there is no store at {store.url} yet; the first start makes it", Exit.NOT_FOUND)
    return version


async def _counts(store: Store) -> dict[str, int]:
    await store.open()
    try:
        return dict(await store.jobs.counts())
    finally:
        await store.close()
