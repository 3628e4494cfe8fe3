"""asyncpg beside psycopg 3 on the statements that count: insert 1,000, claim 500, finish 500, and the whole loop.

Both get the same table, the same SQL and the same arrays, on connections that commit by themselves. psycopg speaks
binary, prepares at once and sends the claim of the loop's next batch and the finish of the last one down one pipeline;
asyncpg uses a connection for each.
"""

import argparse
import asyncio
import json
import os
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from statistics import median
from typing import Any, NamedTuple, Protocol, cast

import asyncpg
import psycopg
from pydantic_core import from_json

_INSERT_BATCH, _DRAIN_BATCH = 1_000, 500
_SCHEMA = f"jobhive_bare_{os.getpid()}"

_TABLE = f"""
DROP SCHEMA IF EXISTS {_SCHEMA} CASCADE;
CREATE SCHEMA {_SCHEMA};
CREATE TABLE {_SCHEMA}.job (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text NOT NULL UNIQUE, kind text NOT NULL,
    queue text NOT NULL, state text NOT NULL, priority int NOT NULL DEFAULT 0, claim bigint NOT NULL DEFAULT 0,
    worker text, created_at bigint, started_at bigint, finished_at bigint, lease_until bigint, params text NOT NULL,
    result text
);
CREATE INDEX claimable ON {_SCHEMA}.job (queue, priority DESC, seq) WHERE state = 'pending';
"""
_INSERT = f"""
INSERT INTO {_SCHEMA}.job (id, kind, queue, state, created_at, params)
SELECT new.id, 'noop', 'default', 'pending', $1::bigint, new.params
FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS new (id, params, place)
ORDER BY new.place
"""
_CLAIM = f"""
UPDATE {_SCHEMA}.job
SET state = 'running', claim = ((claim >> 32) + 1) << 32 | $1::bigint, worker = 'w', started_at = $2::bigint,
    lease_until = $2::bigint + 30000
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM {_SCHEMA}.job WHERE state = 'pending' AND queue = 'default'
    ORDER BY priority DESC, seq LIMIT $3::int FOR UPDATE SKIP LOCKED
))
RETURNING id, claim, params
"""
_FINISH = f"""
UPDATE {_SCHEMA}.job SET state = 'complete', result = done.result, finished_at = $1::bigint, lease_until = NULL
FROM unnest($2::text[], $3::bigint[], $4::text[]) AS done (id, claim, result)
WHERE job.id = done.id AND job.state = 'running' AND job.claim = done.claim
RETURNING job.id
"""

Row = tuple[str, str]  # id, params
Claim = tuple[str, int, str]  # id, token, params


class Driver(Protocol):
    """One library, connected."""

    async def insert(self, rows: Sequence[Row]) -> None: ...

    async def claim(self, limit: int) -> Sequence[Claim]: ...

    async def finish(self, claims: Sequence[Claim]) -> None: ...

    async def claim_and_finish(self, limit: int, claims: Sequence[Claim]) -> Sequence[Claim]:
        """Finishes these while the next ones are claimed."""
        ...

    async def close(self) -> None: ...


class Figures(NamedTuple):
    """Per second."""

    insert: float
    claim: float
    finish: float
    drain: float  # claim, decode the params, await a coroutine that does nothing, finish


def _insert_arguments(rows: Sequence[Row]) -> tuple[int, list[str], list[str]]:
    return _now_ms(), [job_id for job_id, _ in rows], [params for _, params in rows]


def _claim_arguments(limit: int) -> tuple[int, int, int]:
    return secrets.randbits(31), _now_ms(), limit


def _finish_arguments(claims: Sequence[Claim]) -> tuple[int, list[str], list[int], list[str]]:
    return _now_ms(), [job_id for job_id, _, _ in claims], [token for _, token, _ in claims], ["null"] * len(claims)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class Asyncpg:
    """Two connections; statements are prepared by the library's own cache."""

    def __init__(self, first: Any, second: Any) -> None:
        self._first, self._second = first, second

    @classmethod
    async def connect(cls, url: str) -> Driver:
        connect = cast(Any, asyncpg).connect
        return cls(await connect(url), await connect(url))

    async def insert(self, rows: Sequence[Row]) -> None:
        await self._first.fetch(_INSERT, *_insert_arguments(rows))

    async def claim(self, limit: int) -> Sequence[Claim]:
        return cast("Sequence[Claim]", await self._first.fetch(_CLAIM, *_claim_arguments(limit)))

    async def finish(self, claims: Sequence[Claim]) -> None:
        done = await self._second.fetch(_FINISH, *_finish_arguments(claims))
        assert len(done) == len(claims), f"{len(done)} of {len(claims)} jobs were finished"

    async def claim_and_finish(self, limit: int, claims: Sequence[Claim]) -> Sequence[Claim]:
        claimed, _ = await asyncio.gather(self.claim(limit), self.finish(claims))
        return claimed

    async def close(self) -> None:
        await self._first.close()
        await self._second.close()


class Psycopg:
    """One connection; binary, prepared, with a pipeline for two statements at once."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    @classmethod
    async def connect(cls, url: str) -> Driver:
        connection = await psycopg.AsyncConnection.connect(
            url, autocommit=True, prepare_threshold=0, cursor_factory=psycopg.AsyncRawCursor
        )
        return cls(connection)

    async def _execute(self, statement: str, arguments: Sequence[object]) -> Any:
        return await self._connection.execute(statement, arguments, binary=True)

    async def insert(self, rows: Sequence[Row]) -> None:
        await self._execute(_INSERT, _insert_arguments(rows))

    async def claim(self, limit: int) -> Sequence[Claim]:
        cursor = await self._execute(_CLAIM, _claim_arguments(limit))
        return cast("Sequence[Claim]", await cursor.fetchall())

    async def finish(self, claims: Sequence[Claim]) -> None:
        cursor = await self._execute(_FINISH, _finish_arguments(claims))
        assert cursor.rowcount == len(claims), f"{cursor.rowcount} of {len(claims)} jobs were finished"

    async def claim_and_finish(self, limit: int, claims: Sequence[Claim]) -> Sequence[Claim]:
        async with self._connection.pipeline():
            claimed = await self._execute(_CLAIM, _claim_arguments(limit))
            finished = await self._execute(_FINISH, _finish_arguments(claims))
            found = cast("Sequence[Claim]", await claimed.fetchall())
            assert finished.rowcount == len(claims), f"{finished.rowcount} of {len(claims)} jobs were finished"
        return found

    async def close(self) -> None:
        await self._connection.close()


DRIVERS: dict[str, Callable[[str], Awaitable[Driver]]] = {"asyncpg": Asyncpg.connect, "psycopg": Psycopg.connect}


async def measure(url: str, name: str, jobs: int) -> Figures:
    """One round of one driver, on fresh tables."""
    async with fresh_table(url):
        driver = await DRIVERS[name](url)
        insert_per_s = await insert(driver, jobs, batch=_INSERT_BATCH)
        claim_per_s, finish_per_s = await _claim_then_finish(driver, jobs)
        await driver.close()
    async with fresh_table(url):
        driver = await DRIVERS[name](url)
        await insert(driver, jobs, batch=_INSERT_BATCH)
        drain_per_s = await drain(driver, jobs)
        await driver.close()
    return Figures(insert_per_s, claim_per_s, finish_per_s, drain_per_s)


@asynccontextmanager
async def fresh_table(url: str) -> AsyncGenerator[None]:
    """The table, empty, for the length of the block."""
    await run_script(url, _TABLE)
    try:
        yield
    finally:
        await run_script(url, f"DROP SCHEMA {_SCHEMA} CASCADE")


async def run_script(url: str, script: str) -> None:
    """Statements on a connection of their own."""
    connection = await cast(Any, asyncpg).connect(url)
    await connection.execute(script)
    await connection.close()


@contextmanager
def fresh_schema(url: str) -> Generator[str]:
    """The URL of a schema of the block's own."""
    name = f"jobhive_bench_{secrets.token_hex(4)}"
    asyncio.run(run_script(url, f"CREATE SCHEMA {name}"))
    try:
        yield f"{url}{'&' if '?' in url else '?'}search_path={name}"
    finally:
        asyncio.run(run_script(url, f"DROP SCHEMA {name} CASCADE"))


async def insert(driver: Driver, jobs: int, batch: int) -> float:
    """Rows per second, so many in each statement."""
    salt = secrets.token_hex(8)
    rows = [(f"job-{number:016x}{salt}", json.dumps({"number": number})) for number in range(jobs)]
    began = time.perf_counter()
    for start in range(0, jobs, batch):
        await driver.insert(rows[start : start + batch])
    return jobs / (time.perf_counter() - began)


async def _claim_then_finish(driver: Driver, jobs: int) -> tuple[float, float]:
    batches: list[Sequence[Claim]] = []
    began = time.perf_counter()
    while claims := await driver.claim(_DRAIN_BATCH):
        batches.append(claims)
    claimed = time.perf_counter()
    for claims in batches:
        await driver.finish(claims)
    return jobs / (claimed - began), jobs / (time.perf_counter() - claimed)


async def drain(driver: Driver, jobs: int) -> float:
    """Jobs per second from pending to complete. Raises AssertionError unless there were just so many."""
    began, done = time.perf_counter(), 0
    claims = await driver.claim(_DRAIN_BATCH)
    while claims:
        for _, _, params in claims:
            await _noop(**from_json(params))
        done += len(claims)
        claims = await driver.claim_and_finish(_DRAIN_BATCH, claims)
    assert done == jobs, f"{done} of {jobs} jobs were run"
    return jobs / (time.perf_counter() - began)


async def _noop(number: int) -> None:
    """The job."""


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("url", help="a database in which a schema may be made and dropped")
    parser.add_argument("--jobs", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    rounds: dict[str, list[Figures]] = {name: [] for name in DRIVERS}
    for _ in range(arguments.rounds):
        for name in DRIVERS:
            rounds[name].append(asyncio.run(measure(arguments.url, name, arguments.jobs)))
    print(f"{'':<10}" + "".join(f"{figure:>12}" for figure in Figures._fields))
    for name, found in rounds.items():
        print(f"{name:<10}" + "".join(f"{median(column):>12,.0f}" for column in zip(*found, strict=True)))


if __name__ == "__main__":
    main()
