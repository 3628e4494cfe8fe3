"""The fewest statements that could do the work on PostgreSQL, as `benchmarks.bare` has them for SQLite.

One process, one loop, two connections, one table with the index of what can be claimed and no other. All that a job
system is for is left out. While one batch runs, the next is claimed and the last one finished.
"""

import argparse
import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from benchmarks.bare import Limits, run, sync_pages
from benchmarks.postgres_drivers import Asyncpg, Driver, drain, fresh_table, insert

_SINGLE_COMMITS = 500
_SYNCS = 1_000


async def measure(url: str, jobs: int) -> Limits:
    """All figures, each on a fresh table in a schema of its own, which is dropped."""
    async with _connected(url) as driver:
        enqueue_500_per_s = await insert(driver, jobs, batch=500)
    async with _connected(url) as driver:
        enqueue_many_per_s = await insert(driver, jobs, batch=1_000)
        drain_per_s = await drain(driver, jobs)
    async with _connected(url) as driver:
        commit_per_s = await insert(driver, _SINGLE_COMMITS, batch=1)
    return Limits(jobs, enqueue_many_per_s, enqueue_500_per_s, drain_per_s, commit_per_s, sync_pages(_SYNCS))


@asynccontextmanager
async def _connected(url: str) -> AsyncGenerator[Driver]:
    async with fresh_table(url):
        driver = await Asyncpg.connect(url)
        try:
            yield driver
        finally:
            await driver.close()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("url", help="a database in which a schema may be made and dropped")
    run(parser, lambda arguments: asyncio.run(measure(arguments.url, arguments.jobs)))


if __name__ == "__main__":
    main()
