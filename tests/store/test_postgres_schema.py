"""How PostgreSQL's schema comes, where it is looked for, and what is said where it is not ours or not whole."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from jobhive.core.errors import StoreRefused, StoreUnavailable
from jobhive.store.port import Migration
from jobhive.store.postgres import admission
from jobhive.store.postgres.statements import migrations
from jobhive.testing import insert_one, new_job
from tests import postgres
from tests.cli.program import jobhive


async def test_many_machines_may_migrate_at_once(schema: str, connection: Any) -> None:  # P24
    await asyncio.gather(*(postgres.open_and_close(schema) for _ in range(6)))
    versions = [row[0] for row in await connection.fetch("SELECT version FROM jobhive_schema ORDER BY version")]
    assert versions == list(range(1, len(migrations()) + 1))


async def test_a_migration_that_is_cut_off_leaves_nothing(
    schema: str, connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:  # P24
    whole, fatal = migrations(), Migration("9999_fatal", "SELECT pg_terminate_backend(pg_backend_pid())")
    monkeypatch.setattr(admission, "migrations", lambda: (*whole, fatal))
    with pytest.raises(StoreUnavailable):
        await postgres.open_and_close(schema)
    ours = "SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
    assert await connection.fetchval(ours) == 0
    monkeypatch.undo()
    await postgres.open_and_close(schema)


async def test_a_newer_schema_is_refused_and_stays(schema: str, connection: Any) -> None:  # P24
    await postgres.open_and_close(schema)
    await connection.execute("INSERT INTO jobhive_schema (version) VALUES (99)")
    with pytest.raises(StoreRefused, match=r"schema 99.*upgrade Jobhive"):
        await postgres.open_and_close(schema)


@pytest.mark.parametrize("table", ["jobhive_schema", "jobhive_job"])
async def test_half_a_schema_is_refused(schema: str, connection: Any, table: str) -> None:
    await postgres.open_and_close(schema)
    await connection.execute(f"DROP TABLE {table} CASCADE")
    with pytest.raises(StoreRefused, match="half of our schema"):
        await postgres.open_and_close(schema)


async def test_doctor_looks_at_an_older_schema_and_leaves_it(schema: str, monkeypatch: pytest.MonkeyPatch) -> None:
    older = migrations()[:-1]
    monkeypatch.setattr(admission, "migrations", lambda: older)
    await postgres.open_and_close(schema)
    for _ in range(2):
        done = await asyncio.to_thread(jobhive, "doctor", changes={"JOBHIVE_URL": schema})
        assert (
            f"has schema {len(older)}; the next start, or `jobhive db migrate`, brings it to {len(older) + 1}"
            in done.out
        )


async def test_a_schema_is_looked_for_where_it_would_be_made(schema: str, connection: Any) -> None:
    """And not in the next one of the search_path, where another application has its own."""
    await postgres.open_and_close(schema)
    ours, theirs = f"ours_{uuid4().hex}", await connection.fetchval("SELECT current_schema()")
    await connection.execute(f"CREATE SCHEMA {ours}")
    url = postgres.with_options(schema, search_path=f"{ours},{theirs}")
    assert await postgres.store(url).schema.version() == 0
    await postgres.open_and_close(url)
    assert await postgres.store(url).schema.version() == len(migrations())
    assert await connection.fetchval(f"SELECT to_regclass('{ours}.jobhive_job') IS NOT NULL")
    await connection.execute(f"DROP SCHEMA {ours} CASCADE")


async def test_a_schema_may_have_any_name(schema: str, connection: Any, tmp_path: Path) -> None:
    name = f"My.Schema {uuid4().hex}"
    await connection.execute(f'CREATE SCHEMA "{name}"')
    store = postgres.store(postgres.with_options(schema, search_path=f'"{name}"'))
    await store.open()
    await insert_one(store)
    assert (await store.sizes())["jobhive_job"] > 0
    await store.backup(tmp_path / "copy")
    await store.close()
    await connection.execute(f'DROP SCHEMA "{name}" CASCADE')


async def test_a_migration_gives_way_to_who_holds_a_table(
    schema: str, connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await postgres.open_and_close(schema)
    whole, change = migrations(), Migration("9999_change", "LOCK TABLE jobhive_job")
    monkeypatch.setattr(admission, "migrations", lambda: (*whole, change))
    async with connection.transaction():
        await connection.execute("LOCK TABLE jobhive_job IN ACCESS SHARE MODE")
        with pytest.raises(StoreUnavailable, match="somebody else holds a table"):
            await postgres.open_and_close(schema)
    await postgres.open_and_close(schema)


async def test_a_schema_that_goes_under_us_is_told(schema: str, connection: Any) -> None:
    store = postgres.store(schema)
    await store.open()
    await connection.execute("DROP TABLE jobhive_job CASCADE")
    with pytest.raises(StoreRefused, match="not whole"):
        await store.jobs.insert([new_job()])
    await store.close()


async def test_a_schema_is_looked_at_without_making_it(schema: str, connection: Any) -> None:
    store = postgres.store(schema)
    assert await store.schema.version() == 0
    assert await store.sizes() == {}
    ours = "SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
    assert await connection.fetchval(ours) == 0
    assert list(await store.schema.migrate()) == list(migrations())
    assert await store.schema.version() == len(migrations())
    assert list(await store.schema.migrate()) == []
    assert (await store.sizes())["jobhive_job"] > 0
