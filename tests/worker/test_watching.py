"""A supervisor keeps the leases of its processes, ends those that are stuck, and replaces those that are worn out."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from jobhive import CompleteJob, FailedJob, Jobhive, State
from jobhive.testing import record_of, wait_for_state
from tests.worker import supervised_jobs
from tests.worker.supervised import DEADLINE, ROOT, supervised

LEASE = timedelta(seconds=1)
SECONDS = DEADLINE.total_seconds()


@pytest.fixture
async def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Jobhive]:
    """The jobs of `supervised_jobs`, on a database whose leases are short."""
    async with Jobhive(str(tmp_path / "jobhive.db"), lease=LEASE) as app:
        monkeypatch.setenv("JOBHIVE_URL", app.store.url)
        monkeypatch.setenv("JOBHIVE_LEASE", str(LEASE.total_seconds()))
        monkeypatch.chdir(ROOT)
        app.kinds = supervised_jobs.app.kinds
        async with app.upkeep():
            yield app


async def test_native_code_that_holds_the_interpreter_loses_no_lease(app: Jobhive, tmp_path: Path) -> None:  # P5
    beside = await app.enqueue("wait_for", {"path": str(tmp_path / "go")})
    async with supervised(app):
        await wait_for_state(app.store, beside.id, State.RUNNING, deadline=DEADLINE)
        busy = await app.enqueue("compute", {"seconds": 4 * LEASE.total_seconds()})
        assert await busy.result(SECONDS) == 1  # its first attempt
        (tmp_path / "go").touch()
        assert await beside.result(SECONDS) == "it is there"
    assert (await beside.job()).attempt == 1


@pytest.mark.parametrize(("kind", "code"), [("hang", "TIMEOUT"), ("fall_silent", "STALLED")])
async def test_native_code_that_outlives_its_time_is_ended_and_its_neighbours_are_innocent(
    app: Jobhive, tmp_path: Path, kind: str, code: str
) -> None:  # S10
    beside = await app.enqueue("wait_for", {"path": str(tmp_path / "go")})
    async with supervised(app):
        await wait_for_state(app.store, beside.id, State.RUNNING, deadline=DEADLINE)
        stuck = await app.enqueue(kind, {})
        await wait_for_state(app.store, stuck.id, State.FAILED, deadline=DEADLINE)
        (tmp_path / "go").touch()
        assert await beside.result(SECONDS) == "it is there"
    job = await stuck.job()
    assert isinstance(job, FailedJob)
    assert (job.error.code, job.failures, [each.outcome for each in job.attempts]) == (code, 1, ["failed"])
    [record] = await app.store.jobs.get([beside.id])
    assert (record.attempt, record.crashes, record.losses, record.failures) == (2, 0, 0, 0)
    assert [each.outcome for each in (await beside.job()).attempts] == ["released"]


async def test_a_worker_whose_thread_is_beyond_reach_is_replaced(app: Jobhive) -> None:  # S10
    async with supervised(app, "--concurrency", "1"):
        stuck = await app.enqueue("never_end", {})
        await wait_for_state(app.store, stuck.id, State.FAILED, deadline=DEADLINE)
        next_one = await app.enqueue("healthy", {"n": 7})  # its only slot is gone
        assert await next_one.result(SECONDS) == 7
    job = await next_one.job()
    assert isinstance(job, CompleteJob)
    assert job.attempt == 1


async def test_a_worker_is_replaced_after_so_many_jobs(app: Jobhive) -> None:  # D6
    handles = [await app.enqueue("process_id", {}) for _ in range(7)]
    async with supervised(app, "--recycle-jobs", "3"):
        ran_in = [await handle.result(SECONDS) for handle in handles]
    assert sorted(ran_in.count(process) for process in set(ran_in)) == [1, 3, 3]
    assert {record.attempt for record in await app.store.jobs.get([handle.id for handle in handles])} == {1}


async def test_a_worker_is_replaced_once_it_takes_too_much_memory(app: Jobhive) -> None:  # D6
    async with supervised(app, "--recycle-mib", "300"):
        first = await (await app.enqueue("keep", {"mib": 300})).result(SECONDS)
        async with asyncio.timeout(SECONDS):
            while await (await app.enqueue("process_id", {})).result(SECONDS) == first:
                pass
    counts = await app.store.jobs.counts()
    assert counts[State.COMPLETE] == sum(counts.values())


async def test_a_worker_without_file_descriptors_is_replaced(app: Jobhive) -> None:  # P10
    async with supervised(app, "--concurrency", "1"):
        leaky = await app.enqueue("keep_descriptors", {})
        process = await leaky.result(SECONDS)
        assert await (await app.enqueue("process_id", {})).result(SECONDS) == process
    assert (await record_of(app.store, leaky.id)).crashes == 0
