"""Jobs that are together more than SQLite holds in one text are claimed and finished all the same."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import apsw
import pytest

from jobhive.core.states import State
from jobhive.store.sqlite.engine import SqliteStore
from jobhive.store.sqlite.writer import Transaction
from jobhive.testing import asking, complete, insert_one, record_of

LONGEST = 200_000  # instead of a thousand million
TEXT = json.dumps({"text": "x" * 60_000})


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """A store whose writer cannot hold long texts."""

    def shorten(transaction: Transaction) -> None:
        cast(Any, transaction.db)._connection.limit(apsw.SQLITE_LIMIT_LENGTH, LONGEST)

    store = SqliteStore(tmp_path / "jobhive.db")
    await store.open()
    await store._writer.run(shorten)
    yield store
    await store.close()


async def test_many_large_jobs_are_claimed_in_order_and_finished(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobhive.store.sqlite.work._LARGE", LONGEST // 2)
    ids = [await insert_one(store, params=TEXT) for _ in range(5)]
    claims = await store.jobs.claim(asking(limit=10))
    assert [(claim.job_id, claim.params, claim.attempt) for claim in claims] == [(id_, TEXT, 1) for id_ in ids]
    assert await store.jobs.finish([complete(claim, TEXT) for claim in claims]) == ids
    records = [await record_of(store, id_) for id_ in ids]
    assert [(record.state, record.result) for record in records] == [(State.COMPLETE, TEXT)] * 5
