"""Jobs that end their worker's process: they alone fail, after three crashes alone, and all others are done."""

from collections.abc import AsyncIterator

import pytest

from jobhive import CompleteJob, FailedJob, JobHandle, Jobhive
from jobhive.testing import wait_for_state
from tests.worker import supervised_jobs
from tests.worker.supervised import DEADLINE, ROOT, supervised

_SIGNS = {
    "kill_itself": "SIGKILL",
    "leave": "exit code 7",
    "break_memory": "SIGSEGV",
    "exhaust_memory": "SIGSEGV",
}


@pytest.fixture
async def app(app: Jobhive, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Jobhive]:
    """The jobs of `supervised_jobs`, on a database of this test."""
    monkeypatch.setenv("JOBHIVE_URL", app.store.url)
    monkeypatch.chdir(ROOT)
    app.kinds = supervised_jobs.app.kinds
    async with app.upkeep():
        yield app


async def test_poison_jobs_fail_after_three_crashes_alone(app: Jobhive) -> None:  # P10
    await _outlive(app, ["kill_itself", "break_memory"], healthy=20)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_thousand_healthy_jobs_are_done_beside_every_poison(app: Jobhive) -> None:  # P10
    await _outlive(app, list(_SIGNS), healthy=1000)


async def _outlive(app: Jobhive, kinds: list[str], healthy: int) -> None:
    """Poison in the midst of healthy jobs."""
    before = [await app.enqueue("healthy", {"n": n}) for n in range(healthy // 2)]
    poisons = [await app.enqueue(kind, {}) for kind in kinds]
    after = [await app.enqueue("healthy", {"n": n}) for n in range(healthy // 2)]
    async with supervised(app, "--concurrency", "10"):
        for poisoned, kind in zip(poisons, kinds, strict=True):
            await _check_poison(app, poisoned, _SIGNS[kind])
        for handle in before + after:
            await _check_healthy(app, handle)


async def _check_poison(app: Jobhive, handle: JobHandle[object], sign: str) -> None:
    record = await wait_for_state(app.store, handle.id, deadline=DEADLINE)
    job = await handle.job()
    assert isinstance(job, FailedJob), record
    assert job.error.code == "CRASHED"
    assert sign in job.error.message
    crashes = [attempt for attempt in job.attempts if attempt.outcome == "crashed"]
    assert record.crashes == len(crashes) == 3
    for attempt in crashes:
        assert attempt.error is not None
        assert sign in attempt.error.message
    told = [str(event.data["reason"]) async for event in handle.stream() if event.type == "attempt"]
    assert [sign in reason for reason in told[-2:]] == [True, True]


async def _check_healthy(app: Jobhive, handle: JobHandle[object]) -> None:
    record = await wait_for_state(app.store, handle.id, deadline=DEADLINE)
    assert isinstance(await handle.job(), CompleteJob), record
    assert record.crashes == 0
