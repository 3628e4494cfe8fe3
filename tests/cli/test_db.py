"""`jobhive db`: the store itself, with and without a server beside."""

import json
from pathlib import Path

from tests.cli.conftest import Hive
from tests.cli.program import Done, jobhive


def db(folder: Path, *arguments: str) -> Done:
    return jobhive("db", *arguments, "--data", str(folder), cwd=folder)


def test_a_store_is_planned_made_and_looked_at(tmp_path: Path) -> None:
    none = db(tmp_path, "status")
    assert (none.code, none.out) == (3, "")
    assert "there is no store" in none.err
    plan = db(tmp_path, "migrate", "--plan")
    assert plan.out.splitlines()[0] == "0001_jobs"
    assert not list(tmp_path.iterdir())
    made = db(tmp_path, "migrate")
    assert made.out == plan.out
    assert db(tmp_path, "migrate").out == db(tmp_path, "migrate", "--plan").out == ""
    found = json.loads(db(tmp_path, "status", "--json").out)
    assert found["schema"] == found["newest"] == len(plan.out.splitlines())
    assert found["bytes"]["database"] > 0
    assert set(found["jobs"].values()) == {0}


def test_the_migrations_are_printed(tmp_path: Path) -> None:
    printed = db(tmp_path, "sql").out
    assert printed.startswith("-- migration 0001_jobs\n")
    assert "CREATE TABLE job (" in printed


def test_a_backup_beside_a_running_server(hive: Hive, tmp_path: Path) -> None:
    hive.ended("add", "-a", "a=1", "-a", "b=2")
    store = json.loads(hive("status", "--json").out)["health"]["store"]
    copy = tmp_path / "copy.db"
    done = hive("db", "backup", str(copy), "--url", store)
    assert (done.code, done.out) == (0, f"{copy}\n")
    found = json.loads(hive("db", "status", "--json", "--url", str(copy)).out)
    assert found["jobs"]["complete"] >= 1
    assert "complete\t" in hive("db", "status", "--url", str(copy)).out
    again = hive("db", "backup", str(copy), "--url", store)
    assert (again.code, again.out) == (1, "")
    assert "exists already" in again.err


def test_there_is_nothing_to_back_up_where_there_is_no_store(tmp_path: Path) -> None:
    done = db(tmp_path, "backup", "copy.db")
    assert (done.code, done.out) == (3, "")
    assert not list(tmp_path.iterdir())
