"""A primary that is lost for good under work, and its synchronous standby promoted: nothing acknowledged is lost."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests import postgres
from tests.system.lasting import survive

_MOST_SECONDS = 5.0  # from the promotion until all work
_DEADLINE_SECONDS = 60.0  # until somebody notices that the standby hears nothing
_SYNCHRONOUS = "-c synchronous_commit=on -c synchronous_standby_names='*'"


class _Pair:
    """A primary and its synchronous standby. They change places with every failover."""

    def __init__(self, primary: Path, standby: Path) -> None:
        self._primary, self._standby = primary, standby
        hosts = f"{primary}/sockets,{standby}/sockets"
        self.url = f"postgresql://postgres@/postgres?host={hosts}&target_session_attrs=read-write"

    def build(self) -> None:
        """Copies the primary, which is stopped for as long; then starts both. No commit returns before both have it.

        Does nothing while there is a standby.
        """
        if self._standby.exists():
            return
        primary, standby = postgres.Server(self._primary), postgres.Server(self._standby)
        if (self._primary / "data" / "postmaster.pid").exists():
            primary.stop("fast")
        subprocess.run(["cp", "-a", self._primary, self._standby], check=True)
        (self._standby / "data" / "standby.signal").touch()
        primary.start(_SYNCHRONOUS)
        standby.start(f"-c primary_conninfo='host={self._primary}/sockets user=postgres'")

    def fail_over(self) -> None:
        """The primary is killed and never comes back. Its standby has not confirmed the last that it was asked."""
        primary, standby = postgres.Server(self._primary), postgres.Server(self._standby)
        with standby.deaf():
            _wait_until_it_is_behind(primary.url)
            primary.kill()
        standby.promote()
        shutil.rmtree(self._primary)
        self._primary, self._standby = self._standby, self._primary

    def stop(self) -> None:
        """Ends what runs."""
        for folder in (self._standby, self._primary):
            if (folder / "data" / "postmaster.pid").exists():
                postgres.Server(folder).stop("immediate")


@pytest.fixture
def pair() -> Iterator[_Pair]:
    """A pair of the test's own, in a folder that an unprivileged user may enter."""
    with tempfile.TemporaryDirectory(prefix="jobhive-pg-") as name:
        Path(name).chmod(0o755)
        folder = Path(name) / "a"
        folder.mkdir()
        pair = _Pair(folder, Path(name) / "b")
        postgres.make(folder)
        try:
            pair.build()
            yield pair
        finally:
            pair.stop()


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_promoted_standby_has_all_that_was_acknowledged(tmp_path: Path, pair: _Pair) -> None:  # P2, P7
    slowest = await survive(tmp_path, pair.url, pair.fail_over, jobs=2000, times=5, workers=2, prepare=pair.build)
    assert slowest <= _MOST_SECONDS


_BEHIND = """
SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'
UNION ALL
SELECT 1 FROM pg_stat_replication WHERE pg_current_wal_flush_lsn() - flush_lsn > 2000000
"""


def _wait_until_it_is_behind(primary: str) -> None:
    """A commit waits for the standby; or none does, and 2 MB were written without it, acknowledged jobs among them."""
    limit = time.monotonic() + _DEADLINE_SECONDS
    with psycopg.connect(primary, autocommit=True) as connection:
        while not connection.execute(_BEHIND).fetchall():
            assert time.monotonic() < limit, "nobody has written anything since the standby hears nothing"
