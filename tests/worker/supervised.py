"""Worker programs under a supervisor of the test's own process."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from jobhive import Jobhive
from jobhive.worker.supervisor import Program, Supervisor

DEADLINE = timedelta(seconds=120)
ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def supervised(app: Jobhive, *arguments: str) -> AsyncGenerator[Supervisor]:
    """A worker of `supervised_jobs`, for the length of the block; the current folder must be ROOT."""
    program = Program("worker", ("worker", "--app", "tests.worker.supervised_jobs:app", *arguments))
    supervisor = Supervisor(app.store, app.kinds, [program], grace=5.0)
    running = asyncio.create_task(supervisor.run())
    try:
        yield supervisor
    finally:
        await supervisor.stop()
        await running
