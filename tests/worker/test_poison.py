"""Jobs that end their worker's process: they alone fail, after three crashes alone, and all others are done."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from jobhive import CompleteJob, FailedJob, JobHandle, Jobhive
from jobhive.testing import wait_for_state
from jobhive.worker.supervisor import Program, Supervisor
from tests.worker import poison

_DEADLINE = timedelta(seconds=120)
_ROOT = Path(__file__).parents[2]
_SIGNS = {
    "kill_itself": "SIGKILL",
    "leave": "exit code 7",
    "break_memory": "SIGSEGV",
    "exhaust_memory": "SIGSEGV",
}


@pytest.fixture
async def app(app: Jobhive, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Jobhive]:
    """The jobs of `poison`, on a database of this test."""
    monkeypatch.setenv("JOBHIVE_URL", app.store.url)
    monkeypatch.chdir(_ROOT)
    app.kinds = poison.app.kinds
    async with app.upkeep():
        yield app


@asynccontextmanager
async def supervised(app: Jobhive, *arguments: str) -> AsyncIterator[Supervisor]:
    """A worker program of `poison` and its supervisor, for the length of the block."""
    program = Program("worker", ("worker", "--app", "tests.worker.poison:app", *arguments))
    supervisor = Supervisor(app.store, [program], grace=5.0)
    running = asyncio.create_task(supervisor.run())
    try:
        yield supervisor
    finally:
        await supervisor.stop()
        await running


@pytest.mark.parametrize("kind", _SIGNS)
async def test_a_poison_job_fails_after_three_crashes_alone(app: Jobhive, kind: str) -> None:  # P10
    await _outlive(app, [kind], healthy=20)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_thousand_healthy_jobs_are_done_beside_every_poison(app: Jobhive) -> None:  # P10
    await _outlive(app, list(_SIGNS) * 3, healthy=1000)


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
    record = await wait_for_state(app.store, handle.id, deadline=_DEADLINE)
    job = await handle.job()
    assert isinstance(job, FailedJob), record
    assert job.error.code == "CRASHED"
    assert sign in job.error.message
    assert record.crashes == 3
    assert [attempt.outcome for attempt in job.attempts].count("crashed") == 3
    for attempt in job.attempts:
        assert attempt.error is not None
        assert sign in attempt.error.message
    told = [event async for event in handle.stream() if event.type == "attempt"]
    assert all(sign in str(event.data["reason"]) for event in told)


async def _check_healthy(app: Jobhive, handle: JobHandle[object]) -> None:
    record = await wait_for_state(app.store, handle.id, deadline=_DEADLINE)
    assert isinstance(await handle.job(), CompleteJob), record
    assert record.crashes == 0
