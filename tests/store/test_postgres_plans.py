"""The cost of a statement does not grow with history, whatever the statistics say and whichever way it is planned."""

import asyncio
import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, cast

import asyncpg
import pytest

from jobhive.core.record import JobFilter
from jobhive.core.states import State
from jobhive.store.listing import narrowed
from jobhive.store.postgres.statements import Statement, numbered, sql, statement
from tests import postgres

STATEMENTS = sorted(
    entry.name.removesuffix(".sql") for entry in files("jobhive.store.postgres").joinpath("sql").iterdir()
)
READS_ALL = {"counts"}  # only a count of all tells how many are complete
HAS_NO_PLAN = {"lock_audit", "wait_briefly"}
HISTORY = 30_000
BATCH = 500
FILL = """
INSERT INTO jobhive_job
    (id, kind, queue, state, priority, owner, max_retries, on_crash, created_at, params, run_at, lease_until)
SELECT 'job-' || $1::text || number, 'noop', 'default', 'pending', 0, '', 3, 'retry', 0, '{}', 0, 0
FROM generate_series(1, $2::int) AS number
"""
MOVE = "UPDATE jobhive_job SET state = $1, lease_until = $2 WHERE id LIKE 'job-' || $3 || '%'"
VALUES: dict[str, object] = {
    "ids": [f"job-running{number}" for number in range(1, BATCH + 1)],
    "claims": [1] * BATCH,
    "results": ["null"] * BATCH,
    "endings": [None] * BATCH,
    "offset": 0,
    "salt": 1,
    "worker": "w",
    "lease": 30_000,
    "facts": None,
    "queue": "default",
    "queues": ["default", "other"],
    "rooms": [BATCH, BATCH],
    "is_checked": False,
    "kinds": ["noop"],
    "limit": BATCH,
}


async def _fill(connection: Any) -> None:
    """All of history, a batch that runs and one that could be claimed."""
    for name, count in (("old", HISTORY), ("running", BATCH), ("pending", BATCH)):
        await connection.execute(FILL, name, count)
    await connection.execute(MOVE, "running", 1, "running")
    await connection.execute(MOVE, "running", 1, "old")
    await connection.execute(MOVE, "complete", None, "old")


async def _prepare(url: str, *, is_analyzed_empty: bool) -> None:
    store = postgres.store(url)
    await store.open()
    await store.close()
    connection = await cast(Any, asyncpg).connect(postgres.for_driver(url))
    await connection.execute("ALTER TABLE jobhive_job SET (autovacuum_enabled = false)")
    if is_analyzed_empty:
        await connection.execute("ANALYZE jobhive_job")
    await _fill(connection)
    if not is_analyzed_empty:
        await connection.execute("ANALYZE jobhive_job")
    await connection.close()


@pytest.fixture(scope="module", params=["fresh", "stale"])
def schema(request: pytest.FixtureRequest) -> Iterator[str]:
    """A schema with much history; its statistics are right, or from when there was nothing at all."""
    with postgres.fresh_schema() as url:
        asyncio.run(_prepare(url, is_analyzed_empty=request.param == "stale"))
        yield url


async def _plan(connection: Any, name: str, planning: str) -> list[str]:
    known = {} if name == "join" else VALUES  # a worker's queues and kinds are texts
    return _steps(await _planned(connection, statement(name), known, planning))


async def _planned(connection: Any, asked: Statement, known: dict[str, Any], planning: str) -> dict[str, Any]:
    text, names = asked
    if planning == "custom":
        told = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {text}", *[known.get(each) for each in names])
    else:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE asked AS {text}")
        nulls = f"({', '.join(['NULL'] * len(names))})" if names else ""
        told = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE asked{nulls}")
    return cast("dict[str, Any]", json.loads(told)[0]["Plan"])


def _steps(plan: dict[str, Any]) -> list[str]:
    """Each step as `Node Type`, with the index it uses and the table it reads."""
    step = " ".join(str(plan[key]) for key in ("Node Type", "Index Name", "Relation Name") if key in plan)
    return [step, *(step for inner in plan.get("Plans", []) for step in _steps(inner))]


def _conditions(plan: dict[str, Any]) -> list[str]:
    """What is looked up in indexes."""
    own = [str(plan["Index Cond"])] if "Index Cond" in plan else []
    return [*own, *(condition for inner in plan.get("Plans", []) for condition in _conditions(inner))]


each_planning = pytest.mark.parametrize("planning", ["custom", "generic"])


@each_planning
async def test_a_claim_takes_the_next_jobs_from_their_index(connection: Any, planning: str) -> None:  # P21
    steps = await _plan(connection, "claim", planning)
    about_jobs = [step for step in steps if "jobhive_job" in step and not step.startswith("ModifyTable")]
    assert sorted(about_jobs) == ["Index Scan jobhive_job_claimable jobhive_job", "Tid Scan jobhive_job"]


@each_planning
async def test_a_finish_finds_each_job_by_its_id(connection: Any, planning: str) -> None:  # P21
    steps = await _plan(connection, "complete", planning)
    about_jobs = [step for step in steps if "jobhive_job" in step and not step.startswith("ModifyTable")]
    assert about_jobs == ["Index Scan jobhive_job_id_key jobhive_job"]


@each_planning
@pytest.mark.parametrize("name", [name for name in STATEMENTS if name not in READS_ALL | HAS_NO_PLAN])
async def test_no_statement_reads_all_jobs(connection: Any, name: str, planning: str) -> None:  # P21
    steps = await _plan(connection, name, planning)
    assert not [step for step in steps if step.startswith("Seq Scan jobhive_job")], steps


@each_planning
@pytest.mark.parametrize("where", [{}, {"queue": "default"}, {"owner": "ada"}, {"owner": "", "kind": "noop"}], ids=str)
async def test_a_listing_of_running_jobs_reads_only_those(
    connection: Any, where: dict[str, str], planning: str
) -> None:  # P21
    text, named = narrowed(sql("list"), JobFilter(State.RUNNING, **where))
    known = {**named, "before": "job-z", "limit": 100}
    steps = _steps(await _planned(connection, numbered(text), known, planning))
    whole = [step for step in steps if step.startswith("Seq Scan") or "jobhive_job_id_key" in step]
    assert whole == [], steps


@each_planning
async def test_a_reader_finds_its_place_in_a_stream_through_the_index(connection: Any, planning: str) -> None:  # P21
    known = {"id": "job-old1", "after": 2**63 - 1, "limit": 10, "most": 1}
    plan = await _planned(connection, statement("read_events"), known, planning)
    about_events = [step for step in _steps(plan) if step.endswith("jobhive_event")]
    assert not [step for step in about_events if step.startswith("Seq Scan")], about_events
    assert [condition for condition in _conditions(plan) if "job_id =" in condition and "first_seq <=" in condition]
