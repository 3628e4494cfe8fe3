"""The cost of a statement does not grow with history: none reads the whole table of jobs."""

import re
from collections.abc import Iterator
from importlib.resources import files

import apsw
import pytest

from jobhive.core.record import JobFilter
from jobhive.core.states import State
from jobhive.store.listing import narrowed
from jobhive.store.sqlite.statements import migrations, sql

STATEMENTS = sorted(
    entry.name.removesuffix(".sql") for entry in files("jobhive.store.sqlite").joinpath("sql").iterdir()
)
PLACE = re.compile(r":[a-z_]+")


@pytest.fixture(scope="module")
def database() -> Iterator[apsw.Connection]:
    """An empty database with our schema."""
    connection = apsw.Connection(":memory:")
    for script in migrations():
        connection.execute(script.sql)
    yield connection
    connection.close()


def _plan(database: apsw.Connection, statement: str) -> list[str]:
    bound = dict.fromkeys((place[1:] for place in PLACE.findall(statement)), None)
    return [str(row[3]) for row in database.execute(f"EXPLAIN QUERY PLAN {statement}", bound)]


@pytest.mark.parametrize("name", STATEMENTS)
def test_no_statement_reads_all_jobs(database: apsw.Connection, name: str) -> None:  # P21
    plan = _plan(database, sql(name))
    assert not [step for step in plan if re.fullmatch(r"SCAN (job|event|attempt)", step)], plan


@pytest.mark.parametrize("where", [{}, {"queue": "q"}, {"owner": "ada"}, {"owner": "", "kind": "noop"}], ids=str)
def test_a_listing_of_running_jobs_reads_only_those(database: apsw.Connection, where: dict[str, str]) -> None:  # P21
    statement, _ = narrowed(sql("list"), JobFilter(State.RUNNING, **where))
    plan = _plan(database, statement)
    assert "SCAN job USING COVERING INDEX job_running" in plan
    found_by = r"SEARCH job USING (INTEGER PRIMARY KEY|INDEX job_running) \((queue=\? AND )?rowid=\?\)"
    assert [step for step in plan if step.startswith("SEARCH") and not re.fullmatch(found_by, step)] == []
    assert not [step for step in plan if "TEMP B-TREE" in step], plan
