"""SQLite's troubles in the midst of work: each caller hears of them, nothing acknowledged is lost, work goes on."""

import asyncio
import logging
import threading
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from jobhive.core.errors import StoreFull, StoreRefused, StoreUnavailable
from jobhive.core.record import JobFilter
from jobhive.core.states import State
from jobhive.store.sqlite import SqliteStore
from jobhive.store.sqlite.connection import connect_writer
from jobhive.store.sqlite.database import Database
from jobhive.store.sqlite.writer import Transaction
from jobhive.testing import complete, insert_one, new_job, record_of, start_one

FAULTS = [apsw.IOError("disk I/O error"), apsw.FullError("database or disk is full"), MemoryError("no memory")]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the next statements with these words fail, once each; no disk does so at our command."""
    script = Database.script

    def fail(error: BaseException, *words: str) -> None:
        left = list(words)

        def failing(db: Database, text: str) -> None:
            if left and text == left[0]:
                left.pop(0)
                raise error
            script(db, text)

        monkeypatch.setattr(Database, "script", failing)

    return fail


@pytest.mark.parametrize("error", FAULTS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("words", [("BEGIN IMMEDIATE",), ("COMMIT",), ("COMMIT", "ROLLBACK")], ids="+".join)
async def test_the_writer_outlives_every_error(  # P9
    store: SqliteStore, failing: Callable[..., None], error: BaseException, words: tuple[str, ...]
) -> None:
    known = await insert_one(store)
    failing(error, *words)
    async with asyncio.timeout(20):
        with pytest.raises((StoreUnavailable, StoreFull, MemoryError)):
            await insert_one(store)
        after = await insert_one(store)
    assert [job.job_id for job in (await store.jobs.list(JobFilter(), 10, None)).jobs] == [after, known]


async def test_a_commit_that_fails_for_many_is_tried_for_each(  # P9
    store: SqliteStore, failing: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    begun, gate = threading.Event(), threading.Event()

    def hold_up(_: Transaction) -> None:
        begun.set()
        gate.wait()
        raise LookupError("the others are waiting now")

    caplog.set_level(logging.WARNING, "jobhive")
    failing(apsw.IOError("disk I/O error"), "COMMIT", "ROLLBACK")
    holding_up = asyncio.ensure_future(store._writer.run(hold_up))
    await asyncio.to_thread(begun.wait)
    inserting = [asyncio.ensure_future(insert_one(store)) for _ in range(20)]
    await asyncio.sleep(0)  # they have all been asked
    gate.set()
    async with asyncio.timeout(20):
        inserted = await asyncio.gather(*inserting)
        with pytest.raises(LookupError):
            await holding_up
    assert [job.job_id for job in await store.jobs.get(inserted)] == inserted
    assert caplog.messages == [f"store reconnects {store.path}: a rollback failed: disk I/O error"]


async def test_a_reader_that_failed_answers_the_next_question(  # P9
    store: SqliteStore, failing: Callable[..., None]
) -> None:
    job_id = await insert_one(store)
    await asyncio.gather(*(store.jobs.get([job_id]) for _ in range(20)))  # every thread has its connection
    failing(apsw.IOError("disk I/O error"), "COMMIT")
    with pytest.raises(StoreUnavailable, match="check the disk"):
        await store.jobs.get([job_id])
    for _ in range(20):
        assert [job.job_id for job in await store.jobs.get([job_id])] == [job_id]


async def test_a_full_database_takes_nothing_more_and_goes_on_once_there_is_room(  # P9
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited: list[Database] = []

    def connect(path: Path, vfs: str | None) -> Database:
        limited.append(connect_writer(path, vfs))
        limited[-1].script("PRAGMA max_page_count = 60")
        return limited[-1]

    monkeypatch.setattr("jobhive.store.sqlite.engine.connect_writer", connect)
    store = SqliteStore(tmp_path / "jobhive.db")
    await store.open()
    claim = await start_one(store)
    acknowledged = [claim.job_id]
    with pytest.raises(StoreFull, match="free some disk space"):
        await _fill(store, acknowledged)
    with pytest.raises(StoreFull):
        await asyncio.gather(*(insert_one(store, params=f'{{"blob":"{"x" * 90_000}"}}') for _ in range(5)))
    assert [job.job_id for job in await store.jobs.get(acknowledged)] == acknowledged
    limited[0].script("PRAGMA max_page_count = 100000")
    acknowledged.append(await insert_one(store, params=f'{{"blob":"{"x" * 90_000}"}}'))
    assert await store.jobs.finish([complete(claim)]) == [claim.job_id]
    await store.close()
    again = SqliteStore(tmp_path / "jobhive.db")
    await again.open()
    assert [job.job_id for job in await again.jobs.get(acknowledged)] == acknowledged
    await again.close()


async def _fill(store: SqliteStore, acknowledged: list[str]) -> None:
    while True:
        acknowledged.append(await insert_one(store, params=f'{{"blob":"{"x" * 5000}"}}'))


async def test_a_file_damaged_in_the_midst_of_work_is_recognised(store: SqliteStore) -> None:  # P9
    await store.jobs.insert([new_job(params=f'{{"blob":"{"x" * 3000}"}}') for _ in range(500)])
    await store.close()
    await store.open()
    with store.path.open("r+b") as file:  # beyond the pages that an opening reads
        for page in range(8, store.path.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(b"\xff" * 4096)
    with pytest.raises(StoreRefused, match="restore a backup or move it away"):
        await store.jobs.list(JobFilter(), 1000, None)
    with pytest.raises(StoreRefused, match="restore a backup"):
        await start_one(store)


async def test_no_sign_of_life_that_cannot_be_read_ends_upkeep(store: SqliteStore) -> None:
    (store.path.with_name("jobhive.db.d") / "alive" / "worker-x.alive").mkdir()
    with pytest.raises(StoreRefused, match="check the path, its owner and its mode"):
        await store.workers.dead()


async def test_wake_ups_that_cannot_be_sent_harm_no_writer(store: SqliteStore, tmp_path: Path) -> None:
    other = SqliteStore(store.path)
    await other.open()
    wake = tmp_path / "jobhive.db.d" / "wake"
    wake.rename(tmp_path / "elsewhere")
    async with asyncio.timeout(20):
        job_id = await insert_one(store)
        assert (await record_of(other, job_id)).state is State.PENDING
        await insert_one(store)
    (tmp_path / "elsewhere").rename(wake)
    await other.close()
