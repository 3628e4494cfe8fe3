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

from jobhive.core.errors import StoreUnavailable
from jobhive.core.states import State
from jobhive.testing import new_job
from jobhive.testing.faults import ENQUEUE, RUN, audit
from tests import postgres
from tests.system.installation import Installation

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
        await _enqueue(installation, jobs)
        for number in range(1, rounds + 1):
            await installation.until(partial(_has_completed, installation, jobs * number // (rounds + 2)))
            await asyncio.to_thread(pair.fail_over)
            back_ns = time.monotonic_ns()
            await installation.until(partial(_all_run, installation, back_ns))
            seconds = (time.monotonic_ns() - back_ns) / 1e9
            sys.stdout.write(f"failover {number}: all work {seconds:.2f} s after the promotion\n")
            if number < rounds:
                await asyncio.to_thread(pair.build)
        await installation.until(partial(_has_completed, installation, jobs))
        report = await audit(installation.app.store, installation.history.read())
        sys.stdout.write(f"{report}\n")
        assert report.states == {State.COMPLETE: jobs}
        assert report.acknowledged == jobs


async def _enqueue(installation: Installation, jobs: int) -> None:
    new = [new_job("square", params=f'{{"n": {n}}}') for n in range(jobs)]
    for job in new:
        installation.history.note(ENQUEUE, job.job_id, "invoked")
    await installation.app.store.jobs.insert(new)
    for job in new:
        installation.history.note(ENQUEUE, job.job_id, "ok")


async def _has_completed(installation: Installation, goal: int) -> bool:
    try:
        return await installation.completed() >= goal
    except StoreUnavailable:  # a connection that was cut tells so once
        return False


async def _all_run(installation: Installation, since_ns: int) -> bool:
    lines = await asyncio.to_thread(installation.history.read)
    return len({line.pid for line in lines if line.what == RUN and line.at_ns > since_ns}) >= _WORKERS
