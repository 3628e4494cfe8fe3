"""A store that answers nobody for longer than a lease: work stands still, and goes on as if nothing had been."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import apsw
import pytest

from jobhive import JobHandle, Jobhive
from jobhive.store.signals import EVERYTHING
from jobhive.testing import wait_for_job
from tests.system import busy_jobs
from tests.system.worker_program import WorkerProgram

_JOBS = 10


@pytest.mark.parametrize("processes", [1, 2])
async def test_an_outage_of_two_leases_takes_no_job_back(tmp_path: Path, processes: int) -> None:  # D9
    await _outlives(tmp_path, processes, lease=timedelta(seconds=3), outage=timedelta(seconds=7))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("processes", [1, 2])
async def test_an_outage_of_ninety_seconds_takes_no_job_back(tmp_path: Path, processes: int) -> None:  # D9
    await _outlives(tmp_path, processes, lease=timedelta(seconds=30), outage=timedelta(seconds=90))


async def _outlives(folder: Path, processes: int, lease: timedelta, outage: timedelta) -> None:
    app = Jobhive(str(folder / "jobhive.db"), lease=lease)
    app.kinds = busy_jobs.app.kinds
    async with app:
        seconds = 4 * outage.total_seconds()  # of a first attempt; a later one takes no time
        handles = [await app.enqueue(kind, {"seconds": seconds}) for kind in ("on_loop", "streamed") * (_JOBS // 2)]
        environment = {"JOBHIVE_LEASE": str(lease.total_seconds())}
        size = ("--processes", str(processes))
        async with WorkerProgram(app.store.url, "tests.system.busy_jobs:app", *size, **environment) as worker:
            for handle in handles:
                await wait_for_job(app.store, handle.id, lambda job: job.last_seq > 1, "it told nothing")
            with _store_is_away(folder / "jobhive.db"):
                await _passes(app, outage)
            for handle in handles:
                await handle.result(seconds)
            worker.process.terminate()
            assert await worker.end() == 0, worker.log
        assert "rescued" not in worker.log
        await _nothing_was_counted(app, handles, worker.log)


@contextmanager
def _store_is_away(path: Path) -> Iterator[None]:
    """Another process could do this: nobody else can write."""
    thief = apsw.Connection(str(path))
    thief.set_busy_timeout(20_000)
    thief.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        thief.close()


async def _passes(app: Jobhive, outage: timedelta) -> None:
    until_ms = app.store.clock.now_ms() + outage / timedelta(milliseconds=1)
    with app.store.signals.listen(EVERYTHING) as wake:
        while (left_ms := until_ms - app.store.clock.now_ms()) > 0:
            await wake.wait(left_ms / 1000)


async def _nothing_was_counted(app: Jobhive, handles: Sequence[JobHandle[object]], log: str) -> None:
    for handle in handles:
        assert [attempt.outcome for attempt in (await handle.job()).attempts] == ["released"], log
    for job in await app.store.jobs.get([handle.id for handle in handles]):
        assert (job.failures, job.crashes, job.losses) == (0, 0, 0), log
