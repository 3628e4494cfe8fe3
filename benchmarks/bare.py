"""The fewest statements that could do the work: the limit beside every figure of Jobhive.

One process, one event loop, one connection, one table on SQLite (WAL, every commit synced). All that a job system is
for is left out: leases, retries, streams, validation, wake-ups, other processes. Only the claim token in the WHERE of
the finish stays, for without it there could not be two workers.
"""

import argparse
import asyncio
import json
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import apsw
from pydantic_core import from_json

DEFAULT_JOBS = 50_000
_DRAIN_BATCH = 500
_SINGLE_COMMITS = 1_000
_SYNCS = 1_000
_PAGE_BYTES = 4_096

_TABLE = """
CREATE TABLE job (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, queue TEXT NOT NULL, state TEXT NOT NULL,
    priority INTEGER NOT NULL DEFAULT 0, claim INTEGER NOT NULL DEFAULT 0, worker TEXT, created_at INTEGER,
    started_at INTEGER, finished_at INTEGER, lease_until INTEGER, params TEXT NOT NULL, result TEXT
);
CREATE INDEX claimable ON job (queue, priority DESC, seq) WHERE state = 'pending';
"""
_INSERT = "INSERT INTO job (id, kind, queue, state, created_at, params) VALUES (?, 'noop', 'default', 'pending', ?, ?)"
_CLAIM = """
UPDATE job
SET state = 'running', claim = ((claim >> 32) + 1) << 32 | ?1, worker = 'w', started_at = ?2, lease_until = ?3
WHERE seq IN (SELECT seq FROM job WHERE state = 'pending' AND queue = 'default' ORDER BY priority DESC, seq LIMIT ?4)
RETURNING id, claim, params
"""
_FINISH = """
UPDATE job SET state = 'complete', result = ?, finished_at = ?, lease_until = NULL
WHERE id = ? AND state = 'running' AND claim = ?
"""

Row = tuple[str, int, str]  # id, created_at, params
Claim = tuple[str, int, str]  # id, token, params


class Limits(NamedTuple):
    """What this machine allows, per second."""

    jobs: int
    enqueue_many_per_s: float  # batches of 1,000
    enqueue_500_per_s: float  # batches of 500
    drain_per_s: float  # claim 500, run each, finish: one transaction
    commit_per_s: float  # one row each
    fsync_per_s: float  # a page appended and synced


def measure(jobs: int) -> Limits:
    """All figures, each on a fresh file in the temporary folder."""
    with _opened() as database:
        enqueue_500_per_s = insert(database, new_rows(jobs), batch=500)
    with _opened() as database:
        enqueue_many_per_s = insert(database, new_rows(jobs), batch=1_000)
        drain_per_s = asyncio.run(drain(database, jobs))
    with _opened() as database:
        commit_per_s = insert(database, new_rows(_SINGLE_COMMITS), batch=1)
    return Limits(jobs, enqueue_many_per_s, enqueue_500_per_s, drain_per_s, commit_per_s, sync_pages(_SYNCS))


class Database:
    """A new database with the one table."""

    def __init__(self, path: Path) -> None:
        self._connection = cast(Any, apsw.Connection(str(path)))
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 4000", "cache_size = -65536"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute(_TABLE)

    def insert(self, rows: Sequence[Row]) -> None:
        """One transaction."""
        with self._connection:
            self._connection.executemany(_INSERT, rows)

    async def run_batch(self) -> int:
        """Claims, runs and finishes so many jobs in one transaction."""
        with self._connection:
            now_ms = time.time_ns() // 1_000_000
            bound = (secrets.randbits(31), now_ms, now_ms + 30_000, _DRAIN_BATCH)
            claims: list[Claim] = self._connection.execute(_CLAIM, bound).fetchall()
            for _, _, params in claims:
                await noop(**from_json(params))
            self._connection.executemany(_FINISH, [("null", now_ms, job_id, token) for job_id, token, _ in claims])
        return len(claims)

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()


def new_rows(count: int) -> list[Row]:
    """Rows to insert, with ascending ids."""
    now_ms = time.time_ns() // 1_000_000
    salt = secrets.token_hex(8)
    return [(f"job-{now_ms:x}{number:08x}{salt}", now_ms, json.dumps({"number": number})) for number in range(count)]


def insert(database: Database, rows: Sequence[Row], batch: int) -> float:
    """Rows per second, so many in each transaction."""
    began = time.perf_counter()
    for start in range(0, len(rows), batch):
        database.insert(rows[start : start + batch])
    return len(rows) / (time.perf_counter() - began)


async def noop(number: int) -> None:
    """The job."""


async def drain(database: Database, jobs: int) -> float:
    """Jobs per second from pending to complete. Raises AssertionError unless there were just so many."""
    began, done = time.perf_counter(), 0
    while finished := await database.run_batch():
        done += finished
    seconds = time.perf_counter() - began
    assert done == jobs, f"{done} of {jobs} jobs were run"
    return jobs / seconds


def sync_pages(count: int) -> float:
    """Pages per second, each appended to a file and synced."""
    page = bytes(_PAGE_BYTES)
    with tempfile.TemporaryFile(buffering=0) as file:
        began = time.perf_counter()
        for _ in range(count):
            file.write(page)
            os.fsync(file.fileno())
        return count / (time.perf_counter() - began)


@contextmanager
def _opened() -> Generator[Database]:
    with tempfile.TemporaryDirectory(prefix="jobhive-bare-") as folder:
        database = Database(Path(folder, "bare.db"))
        try:
            yield database
        finally:
            database.close()


def run(parser: argparse.ArgumentParser, measuring: Callable[[argparse.Namespace], Limits]) -> None:
    """A program on the command line that measures limits and prints them."""
    parser.add_argument("--jobs", type=int, default=DEFAULT_JOBS, help="jobs to enqueue and to drain")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    if arguments.jobs < 1:
        parser.error(f"--jobs is 1 or more, not {arguments.jobs}")
    limits = measuring(arguments)._asdict()
    if arguments.json:
        print(json.dumps(limits))
    else:
        for name, value in limits.items():
            print(f"{name:<20}{value:>12,.0f}")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    run(parser, lambda arguments: measure(arguments.jobs))


if __name__ == "__main__":
    main()
