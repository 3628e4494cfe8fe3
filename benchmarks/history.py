"""The same load on an empty PostgreSQL schema and on one with millions of jobs, in turn: what history costs."""

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from pydantic import TypeAdapter

from benchmarks.compare import Target, at_least, conclude
from benchmarks.drain_once import Rates
from benchmarks.postgres_drivers import fresh_schema, run_script

_LEAST_SHARE = 0.85  # of the rate on an empty store
_rates = TypeAdapter(Rates)

# A day of finished jobs, then half an hour in which jobs were scheduled, due from an hour and a half on. One finished
# job in ten has a stream, one in twenty an attempt that failed before. Ids ascend with time, as real ones do. A real
# table was vacuumed as it grew, so this one is too.
_FILL = """
ALTER TABLE jobhive_job DISABLE TRIGGER USER;
INSERT INTO jobhive_job (id, kind, queue, state, params, priority, owner, max_retries, on_crash, created_at, started_at,
                         claimed_at, finished_at, claim, worker, failures, last_seq, result)
SELECT 'job-' || lpad(to_hex(at), 12, '0') || substr(md5('a' || number), 1, 20), 'noop', 'full', 'complete',
       '{{"number":' || number || '}}', 0, '', 3, 'retry', at, at + 20, at + 20, at + 40,
       CASE WHEN number % 20 = 0 THEN 2 ELSE 1 END::bigint << 32 | number, 'worker-' || md5((number % 50)::text),
       (number % 20 = 0)::int, CASE WHEN number % 10 = 0 THEN 11 ELSE 1 END, 'null'
FROM generate_series(1, {finished}::bigint) AS number,
     LATERAL (SELECT jobhive_now_ms(0) - 86400000 + number * 84600000 / {finished}::bigint) AS arrival (at);
ALTER TABLE jobhive_job ENABLE TRIGGER USER;
INSERT INTO jobhive_job (id, kind, queue, state, params, priority, owner, max_retries, on_crash, created_at, run_at)
SELECT 'job-' || lpad(to_hex(at), 12, '0') || substr(md5('b' || number), 1, 20), 'noop', 'full', 'scheduled',
       '{{"number":' || number || '}}', 0, '', 3, 'retry', at, at + 7200000 + (number * 7919) % 2592000000
FROM generate_series(1, {scheduled}::bigint) AS number,
     LATERAL (SELECT jobhive_now_ms(0) - 1800000 + number * 1800000 / {scheduled}::bigint) AS arrival (at);
INSERT INTO jobhive_event (job_id, first_seq, last_seq, claim, events)
SELECT id, 2, last_seq, claim,
       (SELECT json_agg(json_build_array('token', started_at + n, json_build_object('text', 'word')))::text
        FROM generate_series(1, 10) AS n)
FROM jobhive_job WHERE state = 'complete' AND last_seq > 1;
INSERT INTO jobhive_attempt (job_id, attempt, outcome, started_at, ended_at, worker, error)
SELECT id, 1, 'failed', started_at, started_at + 10, worker, '{{"code":"FAILED","message":"no"}}'
FROM jobhive_job WHERE state = 'complete' AND failures > 0;
"""
_SETTLE = ("VACUUM (ANALYZE) jobhive_job", "VACUUM (ANALYZE) jobhive_event", "VACUUM (ANALYZE) jobhive_attempt")


class Round(NamedTuple):
    """Both, one right after the other."""

    empty: Rates
    full: Rates


def fill(url: str, finished: int, scheduled: int) -> float:
    """Makes the tables and all that happened before; how many seconds that took."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "jobhive", "db", "migrate"], env=_at(url), stdout=sys.stderr, check=True)
    for script in (_FILL.format(finished=finished, scheduled=scheduled), *_SETTLE):
        asyncio.run(run_script(url, script))
    return time.perf_counter() - began


def measure_round(url: str, full: str, jobs: int, *, is_full_first: bool) -> Round:
    """The empty schema is a new one each time. Raises CalledProcessError; what the program said is on stderr."""
    first = _drained(full, jobs) if is_full_first else None
    with fresh_schema(url) as empty:
        bare = _drained(empty, jobs)
    return Round(bare, first or _drained(full, jobs))


def targets(rounds: Sequence[Round]) -> list[Target]:
    """Ratios are taken within a round, medians over them."""
    names = {"drain": "drain_per_s", "enqueue_many": "enqueue_many_per_s"}
    shares = {
        name: median(getattr(each.full, rate) / getattr(each.empty, rate) for each in rounds)
        for name, rate in names.items()
    }
    return [at_least(f"{name}, full to empty", share, _LEAST_SHARE) for name, share in shares.items()]


def medians(rounds: Sequence[Round]) -> dict[str, dict[str, float]]:
    """Both rates of both."""
    return {
        state: {rate: median(getattr(getattr(each, state), rate) for each in rounds) for rate in Rates._fields}
        for state in Round._fields
    }


def _drained(url: str, jobs: int) -> Rates:
    command = [sys.executable, "-m", "benchmarks.drain_once", "--jobs", str(jobs)]
    done = subprocess.run(command, env=_at(url), stdout=subprocess.PIPE, text=True, check=True)
    return _rates.validate_json(done.stdout)


def _at(url: str) -> dict[str, str]:
    return {"JOBHIVE_LOG_LEVEL": "warning", **os.environ, "JOBHIVE_URL": url}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True, help="a PostgreSQL database in which schemas may be made and dropped")
    parser.add_argument("--finished", type=int, default=5_000_000, help="jobs that are complete already")
    parser.add_argument("--scheduled", type=int, default=1_000_000, help="jobs that are not due yet")
    parser.add_argument("--jobs", type=int, default=50_000, help="jobs enqueued and drained in each run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    if min(arguments.finished, arguments.scheduled, arguments.jobs, arguments.rounds) < 1:
        parser.error("--finished, --scheduled, --jobs and --rounds are 1 or more")
    return arguments


def main() -> None:
    """Command line. Exit code 1 where a target is missed."""
    asked = _arguments()
    with fresh_schema(asked.url) as full:
        seconds = fill(full, asked.finished, asked.scheduled)
        print(f"filled in {seconds:.0f} s", file=sys.stderr)
        rounds: list[Round] = []
        for number in range(asked.rounds):
            rounds.append(measure_round(asked.url, full, asked.jobs, is_full_first=number % 2 == 1))
            print(rounds[-1], file=sys.stderr)
    judged = targets(rounds)
    conclude(medians(rounds), len(rounds), judged, as_json=asked.json)


if __name__ == "__main__":
    main()
