"""A primary that is lost for good under work, and its synchronous standby promoted: nothing acknowledged is lost."""

import asyncio
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests import postgres
from tests.system.installation import Installation
from tests.system.lasting import all_run, check, enqueue, has_completed

_WORKERS = 2
_SYNCHRONOUS = "-c synchronous_commit=on -c synchronous_standby_names='*'"


class _Pair:
    """A primary and its synchronous standby. They change places with every failover."""

    def __init__(self, primary: Path, standby: Path) -> None:
        self._primary, self._standby = primary, standby
        hosts = f"{primary}/sockets,{standby}/sockets"
        self.url = f"postgresql://postgres@/postgres?host={hosts}&target_session_attrs=read-write"

    def build(self) -> None:
        """Copies the primary, which is stopped for as long; then starts both. No commit returns before both have it."""
        primary, standby = postgres.Server(self._primary), postgres.Server(self._standby)
        if (self._primary / "data" / "postmaster.pid").exists():
            primary.stop("fast")
        subprocess.run(["cp", "-a", self._primary, self._standby], check=True)
        (self._standby / "data" / "standby.signal").touch()
        primary.start(_SYNCHRONOUS)
        standby.start(f"-c primary_conninfo='host={self._primary}/sockets user=postgres'")

    def fail_over(self) -> None:
        """The primary ends as if killed and never comes back."""
        postgres.Server(self._primary).stop("immediate")
        postgres.Server(self._standby).promote()
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
async def test_a_promoted_standby_has_all_that_was_acknowledged(tmp_path: Path, pair: _Pair) -> None:  # P2, P7
    await _survive(tmp_path, pair, jobs=300, rounds=1)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_five_primaries_lost_in_a_row(tmp_path: Path, pair: _Pair) -> None:  # P2, P7
    await _survive(tmp_path, pair, jobs=2000, rounds=5)


async def _survive(folder: Path, pair: _Pair, jobs: int, rounds: int) -> None:
    size = ("--processes", str(_WORKERS), "--concurrency", "1")
    async with Installation(folder, *size, url=pair.url) as installation:
        await enqueue(installation, jobs)
        for number in range(1, rounds + 1):
            await installation.until(partial(has_completed, installation, jobs * number // (rounds + 2)))
            await asyncio.to_thread(pair.fail_over)
            back_ns = time.monotonic_ns()
            await installation.until(partial(all_run, installation, _WORKERS, back_ns))
            seconds = (time.monotonic_ns() - back_ns) / 1e9
            sys.stdout.write(f"failover {number}: all work {seconds:.2f} s after the promotion\n")
            if number < rounds:
                await asyncio.to_thread(pair.build)
        await check(installation, jobs)
