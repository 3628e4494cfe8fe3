"""A PostgreSQL that is stopped hard and started again under work: nothing is lost or done twice, and work goes on."""

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx2
import pytest

from tests import postgres
from tests.system.installation import Installation
from tests.system.lasting import all_run, check, enqueue, has_completed

_CONCURRENCY = 1  # slow enough for work to last: what a cut claim took comes back only when its lease runs out


@pytest.fixture
def server() -> Iterator[postgres.Server]:
    """A server of the test's own. Its folder is one that an unprivileged user may enter."""
    with tempfile.TemporaryDirectory(prefix="jobhive-pg-") as name:
        Path(name).chmod(0o755)
        with postgres.own_server(Path(name)) as server:
            yield server


async def test_a_server_that_was_stopped_hard_is_worked_with_again(
    tmp_path: Path, server: postgres.Server
) -> None:  # P7
    await _survive(tmp_path, server, jobs=800, restarts=3, workers=2)


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_twenty_hard_stops_under_ten_thousand_jobs(tmp_path: Path, server: postgres.Server) -> None:  # P7
    await _survive(tmp_path, server, jobs=10_000, restarts=20, workers=4)


async def _survive(folder: Path, server: postgres.Server, jobs: int, restarts: int, workers: int) -> None:
    size = ("--processes", str(workers), "--concurrency", str(_CONCURRENCY))
    async with Installation(folder, *size, url=server.url) as installation:
        await installation.until(partial(_is_serving, installation))  # who cannot begin at all ends
        await enqueue(installation, jobs)
        for restart in range(1, restarts + 1):
            await installation.until(partial(has_completed, installation, jobs * restart // (restarts + 2)))
            await asyncio.to_thread(server.stop, "immediate")
            await asyncio.to_thread(server.start)
            back_ns = time.monotonic_ns()
            await installation.until(partial(all_run, installation, workers, back_ns))
            seconds = (time.monotonic_ns() - back_ns) / 1e9
            sys.stdout.write(f"restart {restart}: all work {seconds:.2f} s after it is back\n")
        await check(installation, jobs)


async def _is_serving(installation: Installation) -> bool:
    try:
        async with httpx2.AsyncClient(base_url=installation.server) as client:
            return (await client.get("/health")).is_success
    except httpx2.TransportError:
        return False
