"""Backups: whole, checked, of one moment, made while work goes on; and the schema, looked at without touching it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jobhive.core.errors import StoreFull, StoreRefused
from jobhive.core.record import JobFilter
from jobhive.core.states import State
from jobhive.store.sqlite import SqliteStore
from jobhive.store.sqlite.connection import connect_reader
from jobhive.store.sqlite.database import Database
from jobhive.testing import append, complete, insert_one, new_job, snapshot, start_one


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "live" / "jobhive.db")
    await store.open()
    yield store
    await store.close()


async def test_a_backup_is_the_store_as_it_was(store: SqliteStore, tmp_path: Path) -> None:
    done, running, waiting = await start_one(store), await start_one(store), await insert_one(store)
    await store.events.append([append(done, 2, "told")])
    await store.jobs.finish([complete(done, '"result"')])
    ids = [done.job_id, running.job_id, waiting]
    before = [await snapshot(store, job_id) for job_id in ids]
    await store.backup(tmp_path / "copy.db")
    await insert_one(store)
    copy = SqliteStore(tmp_path / "copy.db")
    await copy.open()
    assert [await snapshot(copy, job_id) for job_id in ids] == before
    assert len((await copy.jobs.list(JobFilter(), 10, None)).jobs) == 3
    assert await copy.jobs.finish([complete(running)]) == [running.job_id]
    await copy.close()


async def test_a_backup_amid_writing_is_whole_and_holds_what_was_acknowledged_before(
    store: SqliteStore, tmp_path: Path
) -> None:
    acknowledged: list[str] = []
    is_enough = asyncio.Event()

    async def write() -> None:
        while not is_enough.is_set():
            acknowledged.extend(each.job_id for each in await store.jobs.insert([new_job() for _ in range(50)]))

    writing = asyncio.ensure_future(write())
    await insert_one(store)
    for number in range(5):
        known = list(acknowledged)
        await store.backup(tmp_path / f"{number}.db")
        copy = SqliteStore(tmp_path / f"{number}.db")
        await copy.open()
        assert [job.job_id for job in await copy.jobs.get(known)] == known
        assert ((await copy.jobs.counts())[State.PENDING] - 1) % 50 == 0  # no batch in part
        await copy.close()
    is_enough.set()
    await writing
    assert len(acknowledged) > 50


async def test_nothing_is_overwritten_and_nothing_is_left_behind(store: SqliteStore, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "old.db").write_text("precious")
    with pytest.raises(StoreRefused, match="exists already"):
        await store.backup(folder / "old.db")
    with pytest.raises(StoreRefused):
        await store.backup(folder / "missing" / "new.db")
    assert (folder / "old.db").read_text() == "precious"
    await store.backup(folder / "new.db")
    assert _names(folder) == ["new.db", "old.db"]
    assert (folder / "new.db").stat().st_mode == store.path.stat().st_mode


async def test_a_backup_that_fails_leaves_no_file(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(_: object) -> None:
        raise OSError(28, "No space left on device")

    folder = tmp_path / "backups"
    folder.mkdir()
    monkeypatch.setattr("jobhive.store.files._sync", no_room)
    with pytest.raises(StoreFull):
        await store.backup(folder / "new.db")
    assert _names(folder) == []


async def test_a_damaged_database_gives_no_backup(store: SqliteStore, tmp_path: Path) -> None:
    await store.jobs.insert([new_job(params=f'{{"blob":"{"x" * 3000}"}}') for _ in range(200)])
    await store.close()
    with store.path.open("r+b") as file:
        for page in range(30, 60):
            file.seek(page * 4096)
            file.write(b"\xff" * 4096)
    with pytest.raises(StoreRefused, match="damaged"):
        await store.backup(tmp_path / "copy.db")
    assert _names(tmp_path) == ["live"]


async def test_the_schema_is_looked_at_without_touching_anything(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "jobhive.db")
    assert await store.schema.version() == 0
    assert _names(tmp_path) == []
    applied = await store.schema.migrate()
    assert list(applied) == list(store.schema.migrations())
    assert await store.schema.version() == len(applied)
    assert await store.schema.migrate() == ()


async def test_an_older_schema_is_backed_up_as_it_is(tmp_path: Path) -> None:  # P24
    store = SqliteStore(tmp_path / "jobhive.db")
    await store.schema.migrate()
    _set_version(store.path, 1)
    await store.backup(tmp_path / "copy.db")
    assert await SqliteStore(tmp_path / "copy.db").schema.version() == 1
    assert await store.schema.version() == 1


async def test_a_newer_schema_and_a_foreign_file_are_refused(tmp_path: Path) -> None:  # P24
    store = SqliteStore(tmp_path / "jobhive.db")
    await store.schema.migrate()
    _set_version(store.path, 99)
    for act in (store.schema.version, store.schema.migrate):
        with pytest.raises(StoreRefused, match="upgrade Jobhive"):
            await act()
    (tmp_path / "text.db").write_text("not a database, but long enough to be looked at as one" * 50)
    with pytest.raises(StoreRefused, match="not a database"):
        await SqliteStore(tmp_path / "text.db").schema.version()


def _set_version(path: Path, version: int) -> None:
    db: Database = connect_reader(path)
    db.script("PRAGMA query_only = OFF")
    db.script(f"PRAGMA user_version = {version}")
    db.close()


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
