"""A copy of a PostgreSQL store: whole, made by PostgreSQL's own program, and never half there."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from jobhive.core.errors import StoreError, StoreRefused
from jobhive.store.postgres.address import address_of
from jobhive.store.postgres.backup import write_backup
from jobhive.testing import complete, insert_one, start_one
from tests import postgres

URL = "postgresql://me:se%20cret@db:1/jobs?search_path=mine&pool_size=4&sslmode=require"


@pytest.fixture
def empty_database() -> Iterator[str]:
    """The URL of a database that nobody else uses."""
    name = f"restored_{uuid4().hex}"
    postgres.administer(f"CREATE DATABASE {name}")
    yield urlsplit(postgres.server_url())._replace(path=f"/{name}").geturl()
    postgres.administer(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def telling_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in which a program in the place of `pg_dump` tells what it was given, before it fails."""
    folder, told = tmp_path / "programs", tmp_path / "told"
    folder.mkdir()
    for name in ("pg_dump", "pg_restore"):
        program = folder / name
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" "$PGPASSWORD" > {told}\necho no luck >&2\nexit 1\n')
        program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return told


async def test_a_copy_holds_what_was_there_and_opens(postgres_url: str, empty_database: str, tmp_path: Path) -> None:
    store = postgres.store(postgres_url)
    await store.open()
    claim, pending = await start_one(store), await insert_one(store)
    await store.jobs.finish([complete(claim, '"done"')])
    await store.backup(tmp_path / "copy")
    await insert_one(store)
    await store.close()
    _restore(empty_database, tmp_path / "copy")
    schema = postgres_url.partition("search_path=")[2].partition("&")[0]
    copy = postgres.store(postgres.with_options(empty_database, search_path=schema))
    await copy.open()
    assert (await copy.jobs.counts())["pending"] == 1
    [done, waiting] = await copy.jobs.get([claim.job_id, pending])
    assert (done.result, waiting.job_id) == ('"done"', pending)
    await copy.close()


def _restore(database: str, copy: Path) -> None:
    """Newer programs set what an older server does not know, and complain; what came of it the store shows."""
    subprocess.run(
        ["pg_restore", "--clean", "--if-exists", f"--dbname={database}", str(copy)], capture_output=True, check=False
    )


async def test_a_copy_is_for_its_owner_only_and_replaces_nothing(postgres_url: str, tmp_path: Path) -> None:
    store = postgres.store(postgres_url)
    await store.backup(tmp_path / "copy")
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o600
    before = (tmp_path / "copy").read_bytes()
    with pytest.raises(StoreRefused, match="exists already"):
        await store.backup(tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == before


def test_a_copy_that_fails_leaves_no_file_and_tells_nobody_the_password(tmp_path: Path, telling_program: Path) -> None:
    with pytest.raises(StoreError, match="no luck") as refused:
        write_backup(address_of(URL), "mine", tmp_path / "copy")
    *arguments, password = telling_program.read_text().splitlines()
    assert password == "se cret"
    assert "--dbname=postgresql://me@db:1/jobs?sslmode=require" in arguments
    assert "cret" not in f"{arguments}{refused.value}"
    assert set(tmp_path.iterdir()) == {telling_program, tmp_path / "programs"}


def test_without_the_program_its_command_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreRefused, match=r"""pg_dump --format=custom '--schema="mine"' .*--file=""") as refused:
        write_backup(address_of(URL), "mine", tmp_path / "copy")
    assert "cret" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []
