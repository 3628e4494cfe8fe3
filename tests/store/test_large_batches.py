"""Jobs that are together more than an engine takes at once are stored, claimed, streamed and finished all the same."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import apsw
import asyncpg
import pytest

from jobhive.core.errors import StoreError
from jobhive.core.outcome import Move
from jobhive.core.record import Inserted, JobFilter
from jobhive.core.states import State
from jobhive.store.port import Store
from jobhive.store.postgres.database import Bindings, Database
from jobhive.store.postgres.statements import Statement
from jobhive.store.rows import Row
from jobhive.store.sqlite.engine import SqliteStore
from jobhive.store.sqlite.writer import Transaction
from jobhive.testing import BROKEN, append, asking, complete, fail, insert_one, new_job, record_of, stored_events
from tests import postgres

LONGEST = 200_000  # instead of a thousand million, in one text of SQLite's or one statement of PostgreSQL's
PORTION = 150_000
TEXT = json.dumps({"text": "x" * 60_000})
POISON = '"poison"'
POISONED = BROKEN._replace(message="poison")


@pytest.fixture
async def store(store_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    """A store whose engine cannot hold long texts, and that is told so."""
    for name in ("sqlite.work._LARGE", "sqlite.submit._LARGE", "postgres.portions._MOST"):
        monkeypatch.setattr(f"jobhive.store.{name}", PORTION)
    if store_url.startswith("sqlite"):
        store: Store = await _short_sqlite(store_url)
    else:
        store = await _short_postgres(store_url, monkeypatch)
    yield store
    await store.close()


async def _short_sqlite(url: str) -> Store:
    def shorten(transaction: Transaction) -> None:
        cast(Any, transaction.db)._connection.limit(apsw.SQLITE_LIMIT_LENGTH, LONGEST)

    store = SqliteStore(Path(url.removeprefix("sqlite:///")))
    await store.open()
    await store._writer.run(shorten)
    return store


async def _short_postgres(url: str, monkeypatch: pytest.MonkeyPatch) -> Store:
    fetch = Database._fetch

    async def fetch_short(self: Database, asked: Statement, bindings: Bindings) -> list[Row]:
        if sum(map(_length, bindings.values())) > LONGEST:
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
        return await fetch(self, asked, bindings)

    monkeypatch.setattr(Database, "_fetch", fetch_short)
    store = postgres.store(url)
    await store.open()
    return store


def _length(value: object) -> int:
    if isinstance(value, list):
        return sum(map(_length, cast("list[object]", value)))
    return len(value) if isinstance(value, str) else 0


async def test_many_large_jobs_are_claimed_in_order_and_finished(store: Store) -> None:
    ids = [await insert_one(store, params=TEXT) for _ in range(5)]
    claims = await store.jobs.claim(asking(limit=10))
    assert [(claim.job_id, claim.params, claim.attempt) for claim in claims] == [(id_, TEXT, 1) for id_ in ids]
    moves = [complete(claim, TEXT) for claim in claims]
    assert await store.jobs.finish(moves) == ids
    records = [await record_of(store, id_) for id_ in ids]
    assert [(record.state, record.result) for record in records] == [(State.COMPLETE, TEXT)] * 5
    assert await store.jobs.finish(moves) == ids, "as after a reply that was lost"


@pytest.mark.parametrize("is_alike", [True, False])
async def test_a_large_batch_is_stored_whole_and_in_order(store: Store, *, is_alike: bool) -> None:
    jobs = [new_job(params=TEXT, max_retries=3 if is_alike else place) for place in range(5)]
    ids = [job.job_id for job in jobs]
    assert await store.jobs.insert(jobs) == [Inserted(id_, is_new=True) for id_ in ids]
    assert [each.job_id for each in await store.jobs.insert(jobs)] == ids, "as after a reply that was lost"
    claims = await store.jobs.claim(asking(limit=10))
    assert [(claim.job_id, claim.params) for claim in claims] == [(id_, TEXT) for id_ in ids]


@pytest.mark.parametrize("key", [None, "k"])
async def test_a_large_batch_whose_last_job_is_refused_leaves_nothing(store: Store, key: str | None) -> None:
    jobs = [new_job(params=TEXT, key=key and f"{key}{place}") for place in range(5)]
    with pytest.raises(StoreError, match="refused a statement"):
        await store.jobs.insert([*jobs, new_job(params=TEXT)._replace(on_crash=cast(str, None))])
    assert (await store.jobs.list(JobFilter(), 10, None)).jobs == []
    assert all(each.is_new for each in await store.jobs.insert(jobs))


async def test_large_batches_of_events_are_stored_in_order(store: Store) -> None:
    ids = [await insert_one(store) for _ in range(2)]
    claims = await store.jobs.claim(asking(limit=10))
    appends = [append(claim, 2 + place, TEXT) for place in range(4) for claim in claims]
    expected = [each.job_id for each in appends]
    assert await store.events.append(appends) == expected
    assert await store.events.append(appends) == expected, "as after a reply that was lost"
    for id_ in ids:
        events = await stored_events(store, id_)
        assert [(event.seq, event.data) for event in events] == [(2 + place, {"value": TEXT}) for place in range(4)]


@pytest.fixture
async def refusing_store(schema: str) -> AsyncIterator[Store]:
    """A store on a server that takes no move with the poison in it."""
    store = postgres.store(schema)
    await store.open()
    with postgres.connected(schema) as connection:
        connection.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'poison'; END $$"
        )
        connection.execute(
            "CREATE TRIGGER refuse BEFORE UPDATE ON jobhive_job FOR EACH ROW"
            f" WHEN (NEW.result = '{POISON}' OR NEW.error LIKE '%poison%') EXECUTE FUNCTION refuse()"
        )
    yield store
    await store.close()


async def test_a_move_that_the_server_refuses_takes_no_neighbour_down(refusing_store: Store) -> None:
    store = refusing_store
    ids = [await insert_one(store) for _ in range(8)]
    claims = await store.jobs.claim(asking(limit=10))
    results, errors = ["1", "1", POISON, "1"], [BROKEN, POISONED, BROKEN, BROKEN]
    moves: list[Move] = [complete(claim, result) for claim, result in zip(claims[:4], results, strict=True)]
    moves += [fail(claim, error) for claim, error in zip(claims[4:], errors, strict=True)]
    for _ in range(2):
        with pytest.raises(StoreError, match="poison"):
            await store.jobs.finish(moves)
        states = [(await record_of(store, id_)).state for id_ in ids]
        refused = [place for place, state in enumerate(states) if state is State.RUNNING]
        assert refused == [2, 5], states
