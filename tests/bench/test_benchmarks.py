"""The programs in `benchmarks/`: that they run, and judge rightly. What they measure is no test's affair."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import bare, history, processes
from benchmarks.compare import Round, targets
from benchmarks.drain_once import Rates
from jobhive.bench.figures import Figures, Quantiles
from tests import postgres

_ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """One of the programs, from the root of the checkout."""
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_the_bare_loop_runs_every_job() -> None:
    limits = bare.measure(500)
    assert limits.jobs == 500
    assert all(rate > 0 for rate in limits)


async def test_the_bare_loop_finishes_only_under_the_newest_token(tmp_path: Path) -> None:
    database = bare.Database(tmp_path / "bare.db")
    database.insert(bare.new_rows(3))
    assert [await database.run_batch(), await database.run_batch()] == [3, 0]
    database.close()


def test_the_bare_loop_on_the_command_line() -> None:
    done = run("benchmarks.bare", "--jobs", "500", "--json")
    assert list(json.loads(done.stdout)) == list(bare.Limits._fields)
    assert run("benchmarks.bare", "--jobs", "0").returncode == 2


def test_the_bare_loop_on_postgres_runs_every_job() -> None:
    done = run("benchmarks.bare_postgres", postgres.server_url(), "--jobs", "700", "--json")
    assert json.loads(done.stdout)["jobs"] == 700


def test_both_drivers_do_the_same() -> None:
    done = run("benchmarks.postgres_drivers", postgres.server_url(), "--jobs", "700", "--rounds", "1")
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == ["asyncpg", "psycopg"]


def test_a_load_is_drained_beside_history_and_beside_none() -> None:
    size = ("--finished", "200", "--scheduled", "50", "--jobs", "300", "--rounds", "1")
    done = run("benchmarks.history", "--url", postgres.server_url(), *size, "--json")
    found = json.loads(done.stdout)
    assert all(rate > 0 for state in ("empty", "full") for rate in found[state].values())
    assert done.returncode == (not all(target["holds"] for target in found["targets"]))


@pytest.mark.parametrize(("full", "missed"), [(85, []), (84, ["drain, full to empty", "enqueue_many, full to empty"])])
def test_history_may_cost_fifteen_per_cent(full: int, missed: list[str]) -> None:
    rounds = [history.Round(Rates(100, 100), Rates(full, full))]
    assert [target.name for target in history.targets(rounds) if not target.holds] == missed


def test_tokens_are_timed_from_the_handler_to_the_reader() -> None:
    done = run("benchmarks.token_delay", "--tokens", "20", "--json")
    found = json.loads(done.stdout)
    assert found["tokens"] == 20
    assert 0 < found["delay_ms"]["p50"] <= found["delay_ms"]["p99"]
    assert done.returncode == (found["delay_ms"]["p50"] > 15)


def test_streams_are_measured_under_many_readers_and_frozen_ones() -> None:
    done = run("benchmarks.streams", "--readers", "5", "--frozen", "2", "--tokens", "30", "--json")
    found = json.loads(done.stdout)
    assert found["many"]["readers"] == 5
    assert found["many"]["is_exact"]
    assert 0 < found["frozen"]["others_delay_ms"]["p50"] <= found["frozen"]["others_delay_ms"]["p99"]
    assert run("benchmarks.streams", "--readers", "0").returncode == 2


def a_run(drain: float, many: float, start_p50: float, lost: int = 0) -> Figures:
    """Figures of one run of Jobhive."""
    return Figures("sqlite", 1, 1, 1, many, drain, 1, 1, Quantiles(start_p50, 9), Quantiles(9, 9), 1, lost, 0)


def a_round(drain: float, many: float, start_p50: float, lost: int = 0, two: Figures | None = None) -> Round:
    """Jobhive beside a bare loop of 100 jobs/s."""
    return Round(bare.Limits(1, 100, 100, 100, 100, 100), a_run(drain, many, start_p50, lost), two)


@pytest.mark.parametrize(
    ("rounds", "missed"),
    [
        ([a_round(30, 25, 3)], []),
        ([a_round(29, 24, 3.1)], ["drain, share of bare", "enqueue_many, share of bare", "start_ms.p50"]),
        ([a_round(29, 25, 3), a_round(31, 25, 3), a_round(40, 25, 3)], []),
        ([a_round(90, 90, 1), a_round(90, 90, 1, lost=1), a_round(90, 90, 1)], ["lost"]),
        ([a_round(40, 90, 1, two=a_run(50, 90, 1))], []),
        ([a_round(40, 90, 1, two=a_run(49, 90, 1, lost=1))], ["drain, two processes to one", "lost"]),
    ],
)
def test_targets_are_held_by_the_median_and_by_every_job(rounds: list[Round], missed: list[str]) -> None:
    assert [target.name for target in targets(rounds, cores=4) if not target.holds] == missed


def test_two_processes_are_not_judged_where_one_and_the_server_leave_no_core() -> None:
    [told] = [each for each in targets([a_round(40, 90, 1, two=a_run(41, 90, 1))], cores=2) if "two" in each.name]
    assert told.holds
    assert (told.found, told.wanted) == (1.025, "at least 1.25 from 4 cores on, here are 2")


def test_a_load_is_drained_by_one_process_and_by_two_whatever_handlers_do() -> None:
    done = run("benchmarks.processes", "--url", postgres.server_url(), "--jobs", "300", "--rounds", "1", "--json")
    found = json.loads(done.stdout)
    assert all(rate > 0 for work in ("noop", "compute") for rate in found[work].values())
    assert done.returncode == (not all(target["holds"] for target in found["targets"]))


@pytest.mark.parametrize(("two", "holds"), [(125, True), (124, False)])
def test_a_second_process_is_worth_a_quarter_where_handlers_compute(two: float, holds: bool) -> None:
    [target] = processes.targets([{"noop": (100, 100), "compute": (100, two)}])
    assert target.holds is holds
