"""A PostgreSQL that is stopped hard and started again under work: nothing is lost or done twice, and work goes on."""

from pathlib import Path

import pytest

from tests import pgbouncer, postgres
from tests.system.lasting import survive

_MOST_SECONDS = 5.0  # from the server's return until all work


async def test_a_server_that_was_stopped_hard_is_worked_with_again(
    tmp_path: Path, server: postgres.Server
) -> None:  # P7
    await survive(tmp_path, server.url, server.restart, jobs=800, times=3, workers=2)


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_twenty_hard_stops_under_ten_thousand_jobs(tmp_path: Path, server: postgres.Server) -> None:  # P7
    slowest = await survive(tmp_path, server.url, server.restart, jobs=10_000, times=20, workers=4)
    assert slowest <= _MOST_SECONDS


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_twenty_hard_stops_behind_a_pooler(
    tmp_path: Path, server: postgres.Server, pooler: pgbouncer.Pooler, way: str
) -> None:  # P7
    url = _stands_before(pooler, server, way)
    slowest = await survive(tmp_path, url, server.restart, jobs=10_000, times=20, workers=4)
    assert slowest <= _MOST_SECONDS


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_pooler_that_is_killed_again_and_again(
    tmp_path: Path, server: postgres.Server, pooler: pgbouncer.Pooler, way: str
) -> None:  # P7
    url = _stands_before(pooler, server, way)
    slowest = await survive(tmp_path, url, pooler.restart, jobs=2_000, times=5, workers=4)
    assert slowest <= _MOST_SECONDS


def _stands_before(pooler: pgbouncer.Pooler, server: postgres.Server, way: str) -> str:
    """The URL of the pooler once it runs; each of our processes alone may want more connections than it has."""
    pooler.configure(server.url, pgbouncer.IGNORING, connections=6)
    pooler.start()
    return f"{pooler.address}&{way}"
