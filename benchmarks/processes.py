"""What a second worker process is worth on PostgreSQL: the same load, drained by one and by two in turn.

Once with handlers that do nothing, which is about the server and the queue, once with such that compute 0.1 ms.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from statistics import median

from pydantic import TypeAdapter

from benchmarks.compare import Target, at_least, conclude
from benchmarks.drain_once import WORKS, Rates
from benchmarks.postgres_drivers import fresh_schema

_LEAST_RATIO = 1.25
_rates = TypeAdapter(Rates)

Round = dict[str, tuple[float, float]]  # what the handlers do → jobs per second of one process and of two


def measure_round(url: str, jobs: int) -> Round:
    """Each in a schema of its own. Raises CalledProcessError; what the program said is on stderr."""
    return {work: (_drained(url, jobs, 1, work), _drained(url, jobs, 2, work)) for work in WORKS}


def targets(rounds: Sequence[Round]) -> list[Target]:
    """Of handlers that compute: where they do nothing, a machine of two cores is busy with one process already."""
    return [at_least("drain of jobs that compute, two processes to one", _ratio(rounds, "compute"), _LEAST_RATIO)]


def figures(rounds: Sequence[Round]) -> dict[str, dict[str, float]]:
    """Medians of the rates, and of the ratios within a round."""
    return {
        work: {
            "one": median(each[work][0] for each in rounds),
            "two": median(each[work][1] for each in rounds),
            "two, per cent of one": 100 * _ratio(rounds, work),
        }
        for work in WORKS
    }


def _ratio(rounds: Sequence[Round], work: str) -> float:
    return median(two / one for one, two in (each[work] for each in rounds))


def _drained(url: str, jobs: int, processes: int, work: str) -> float:
    size = ("--jobs", str(jobs), "--processes", str(processes), "--work", work)
    with fresh_schema(url) as fresh:
        environment = {"JOBHIVE_LOG_LEVEL": "warning", **os.environ, "JOBHIVE_URL": fresh}
        command = [sys.executable, "-m", "benchmarks.drain_once", *size]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return _rates.validate_json(done.stdout).drain_per_s


def main() -> None:
    """Command line. Exit code 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True, help="a PostgreSQL database in which schemas may be made and dropped")
    parser.add_argument("--jobs", type=int, default=50_000, help="in each run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    if asked.jobs < 1 or asked.rounds < 1:
        parser.error("--jobs and --rounds are 1 or more")
    rounds = [measure_round(asked.url, asked.jobs) for _ in range(asked.rounds)]
    conclude(figures(rounds), len(rounds), targets(rounds), as_json=asked.json)


if __name__ == "__main__":
    main()
