"""Jobhive beside the bare loop, round by round in turn, and whether it keeps its targets."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import median
from typing import NamedTuple

from pydantic import TypeAdapter

from benchmarks.bare import DEFAULT_JOBS, Limits
from benchmarks.postgres_drivers import fresh_schema
from jobhive.bench.figures import Figures

_CORES = os.cpu_count() or 1
_CORES_FOR_TWO = 4  # worker processes, with the server

_limits = TypeAdapter(Limits)
_figures = TypeAdapter(Figures)


class Round(NamedTuple):
    """Both, one right after the other: whatever else the machine did, it did to both."""

    bare: Limits
    jobhive: Figures  # one worker process
    two: Figures | None = None  # the same load, two worker processes; on PostgreSQL


class Target(NamedTuple):
    """What was found over all rounds, beside what is wanted."""

    name: str
    found: float
    wanted: str
    holds: bool


def measure_round(jobs: int) -> Round:
    """One round. Raises CalledProcessError; what the program said is on stderr."""
    size = ("--jobs", str(jobs), "--json")
    bare = _limits.validate_json(_output("-m", "benchmarks.bare", *size))
    return Round(bare, _figures.validate_json(_output("-m", "jobhive", "bench", *size)))


def measure_postgres_round(url: str, jobs: int) -> Round:
    """The same on PostgreSQL, with one worker process and with two."""
    bare = _limits.validate_json(_output("-m", "benchmarks.bare_postgres", url, "--jobs", str(jobs), "--json"))
    return Round(bare, _on_postgres(url, jobs, processes=1), _on_postgres(url, jobs, processes=2))


def _on_postgres(url: str, jobs: int, processes: int) -> Figures:
    size = ("--jobs", str(jobs), "--processes", str(processes), "--json")
    with fresh_schema(url) as fresh:
        return _figures.validate_json(_output("-m", "jobhive", "bench", "--url", fresh, *size))


def targets(
    rounds: Sequence[Round], *, enqueue_share: float = 0.25, start_ms: float = 3, cores: int = _CORES
) -> list[Target]:
    """Ratios are taken within a round, medians over them; not one job may be lost in any round."""
    drain = median(each.jobhive.drain_per_s / each.bare.drain_per_s for each in rounds)
    enqueue = median(each.jobhive.enqueue_many_per_s / each.bare.enqueue_many_per_s for each in rounds)
    runs = [run for each in rounds for run in (each.jobhive, each.two) if run]
    two = [each.two.drain_per_s / each.jobhive.drain_per_s for each in rounds if each.two]
    return [
        at_least("drain, share of bare", drain, 0.30),
        *([_of_two_processes(median(two), cores)] if two else []),
        at_least("enqueue_many, share of bare", enqueue, enqueue_share),
        _at_most("start_ms.p50", median(each.jobhive.start_ms.p50 for each in rounds), start_ms),
        _at_most("lost", sum(run.lost for run in runs), 0),
        _at_most("doubled", sum(run.doubled for run in runs), 0),
    ]


def medians(rounds: Sequence[Round]) -> dict[str, dict[str, float]]:
    """Every figure of all, by name."""
    limits = {name: median(getattr(each.bare, name) for each in rounds) for name in Limits._fields}
    two = [each.two for each in rounds if each.two]
    jobhive = {"jobhive": _medians([each.jobhive for each in rounds])}
    return {"bare": limits, **jobhive, **({"jobhive, two processes": _medians(two)} if two else {})}


def _medians(runs: Sequence[Figures]) -> dict[str, float]:
    flat = [_flat(run) for run in runs]
    return {name: median(each[name] for each in flat) for name in flat[0]}


def at_least(name: str, found: float, wanted: float) -> Target:
    """A target of which more is better."""
    return Target(name, round(found, 3), f"at least {wanted:g}", holds=found >= wanted)


def _of_two_processes(found: float, cores: int) -> Target:
    """One process and its server keep 1.5 cores busy: where there are two, `benchmarks.processes` tells more."""
    target = at_least("drain, two processes to one", found, 1.25)
    if cores >= _CORES_FOR_TWO:
        return target
    return target._replace(wanted=f"{target.wanted} from {_CORES_FOR_TWO} cores on, here are {cores}", holds=True)


def _at_most(name: str, found: float, wanted: float) -> Target:
    return Target(name, round(found, 3), f"at most {wanted:g}", holds=found <= wanted)


def _flat(figures: Figures) -> dict[str, float]:
    """Numbers only, `start_ms` and `result_ms` by quantile."""
    spans = {"start_ms": figures.start_ms, "result_ms": figures.result_ms}
    flat = {name: float(value) for name, value in asdict(figures).items() if isinstance(value, int | float)}
    return flat | {f"{name}.{key}": value for name, span in spans.items() for key, value in asdict(span).items()}


def _output(*arguments: str) -> str:
    return subprocess.run([sys.executable, *arguments], stdout=subprocess.PIPE, text=True, check=True).stdout


def conclude(
    figures: Mapping[str, Mapping[str, float]], rounds: int, judged: Sequence[Target], *, as_json: bool
) -> None:
    """Prints medians over so many rounds and the verdicts, and ends the program: 1 where a target is missed."""
    if as_json:
        print(json.dumps({**figures, "targets": [target._asdict() for target in judged]}))
    else:
        _say(figures, rounds, judged)
    sys.exit(not all(target.holds for target in judged))


def _say(figures: Mapping[str, Mapping[str, float]], rounds: int, judged: Sequence[Target]) -> None:
    for measured, values in figures.items():
        print(f"{measured}, medians of {rounds}")
        for name, value in values.items():
            print(f"  {name:<26}{value:>14,.1f}")
    for target in judged:
        print(f"{'ok  ' if target.holds else 'FAIL'}  {target.name}: {target.found:g} ({target.wanted})")


def main() -> None:
    """Command line. Exit code 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=DEFAULT_JOBS, help="jobs in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--url", help="a PostgreSQL database in which schemas may be made and dropped; else SQLite")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    if arguments.jobs < 1 or arguments.rounds < 1:
        parser.error("--jobs and --rounds are 1 or more")
    if arguments.url:
        rounds = [measure_postgres_round(arguments.url, arguments.jobs) for _ in range(arguments.rounds)]
        judged = targets(rounds, enqueue_share=0.30, start_ms=4)
    else:
        rounds = [measure_round(arguments.jobs) for _ in range(arguments.rounds)]
        judged = targets(rounds)
    conclude(medians(rounds), len(rounds), judged, as_json=arguments.json)


if __name__ == "__main__":
    main()
