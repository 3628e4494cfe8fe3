"""The cost of a statement does not grow with history: none reads the whole table of jobs."""

import re
from collections.abc import Iterator
from importlib.resources import files

import apsw
import pytest

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


@pytest.mark.parametrize("name", STATEMENTS)
def test_no_statement_reads_all_jobs(database: apsw.Connection, name: str) -> None:  # P21
    statement = sql(name)
    bound = dict.fromkeys((place[1:] for place in PLACE.findall(statement)), None)
    plan = [str(row[3]) for row in database.execute(f"EXPLAIN QUERY PLAN {statement}", bound)]
    assert not [step for step in plan if re.fullmatch(r"SCAN (job|event|attempt)", step)], plan
