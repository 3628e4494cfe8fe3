"""Servers and poolers of a test's own."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import pgbouncer, postgres
from tests.system import namespaces
from tests.system.parted_jobs import FIRST, SECOND


@pytest.fixture
def server() -> Iterator[postgres.Server]:
    """A server of the test's own. Its folder is one that an unprivileged user may enter."""
    with tempfile.TemporaryDirectory(prefix="jobhive-pg-") as name:
        Path(name).chmod(0o755)
        with postgres.own_server(Path(name)) as server:
            yield server


@pytest.fixture
def network() -> Iterator[namespaces.Network]:
    """A network of the test's own, with two machines."""
    if (reason := namespaces.obstacle()) is not None:
        pytest.skip(reason)
    with namespaces.Network(FIRST, SECOND) as network:
        yield network


@pytest.fixture
def housed(network: namespaces.Network, server: postgres.Server) -> postgres.Server:
    """A server in that network."""
    server.stop("fast")
    network.house(server)
    return server


@pytest.fixture
def pooler() -> Iterator[pgbouncer.Pooler]:
    """A pooler of the test's own, which the test configures and starts."""
    if pgbouncer.program() is None:
        pytest.skip(f"no pgbouncer on the PATH; install it, or name one in ${pgbouncer.GIVEN}")
    with pgbouncer.own_pooler() as pooler:
        yield pooler


@pytest.fixture(params=[pgbouncer.UNPREPARED, pgbouncer.PREPARED])
def way(request: pytest.FixtureRequest, pooler: pgbouncer.Pooler) -> str:
    """What the URL says to the pooler, in each way that works."""
    if request.param == pgbouncer.PREPARED and pooler.version < pgbouncer.KNOWS_PREPARED:
        pytest.skip(f"pgbouncer {pooler.version} knows no prepared statements")
    return str(request.param)
