"""Jobs that end their worker's process: they alone fail, after three crashes alone, and all others are done."""

import os
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from jobhive import CompleteJob, FailedJob, JobHandle, Jobhive
from jobhive.store.port import ClaimRequest
from jobhive.testing import KILLED, wait_for_state
from tests.worker import supervised_jobs
from tests.worker.supervised import DEADLINE, ROOT, supervised

_SIGNS = {
    "kill_itself": "SIGKILL",
    "leave": "exit code 7",
    "break_memory": "SIGSEGV",
    "exhaust_memory": "SIGSEGV",
    "exhaust_descriptors": "SIGABRT",
    "fork_and_die": "SIGTRAP",
    "print_a_gibibyte": "exit code 9",
}


@pytest.fixture
async def app(app: Jobhive, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Jobhive]:
    """The jobs of `supervised_jobs`, on a database of this test."""
    monkeypatch.setenv("JOBHIVE_URL", app.store.url)
    monkeypatch.chdir(ROOT)
    app.kinds = supervised_jobs.app.kinds
    async with app.upkeep():
        yield app


@pytest.fixture
def nobody_listens() -> Iterator[None]:
    """What processes print goes nowhere."""
    before = os.dup(1)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    yield
    os.dup2(before, 1)
    os.close(before)


async def test_poison_jobs_fail_after_three_crashes_alone(app: Jobhive) -> None:  # P10
    await _outlive(app, ["break_memory", "fork_and_die"], healthy=20)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("nobody_listens")
async def test_a_thousand_healthy_jobs_are_done_beside_every_poison(app: Jobhive) -> None:  # P10
    stuck = await app.enqueue("hang_again_and_again", {})
    await _outlive(app, list(_SIGNS), healthy=1000, stuck=stuck)
    job = await stuck.job()
    assert isinstance(job, FailedJob)
    assert (job.error.code, job.failures, [each.outcome for each in job.attempts]) == ("TIMEOUT", 3, ["failed"] * 3)


async def test_suspects_that_a_supervisor_has_left_are_run_by_the_next_at_once(app: Jobhive) -> None:  # P5, P10
    handles = [await app.enqueue("healthy", {"n": n}) for n in range(2)]
    await app.store.jobs.claim(ClaimRequest("w", ("default",), ("healthy",), limit=2))
    await app.store.jobs.rescue_from("w", KILLED)
    absolved_at_ms = app.store.clock.now_ms() + app.store.lease / timedelta(milliseconds=1)
    async with supervised(app):
        assert [await handle.result(DEADLINE.total_seconds()) for handle in handles] == [0, 1]
    assert app.store.clock.now_ms() < absolved_at_ms


async def _outlive(app: Jobhive, kinds: list[str], healthy: int, stuck: JobHandle[object] | None = None) -> None:
    """Poison in the midst of healthy jobs."""
    before = [await app.enqueue("healthy", {"n": n}) for n in range(healthy // 2)]
    poisons = [await app.enqueue(kind, {}) for kind in kinds]
    after = [await app.enqueue("healthy", {"n": n}) for n in range(healthy // 2)]
    async with supervised(app, "--concurrency", "10"):
        for poisoned, kind in zip(poisons, kinds, strict=True):
            await _check_poison(app, poisoned, _SIGNS[kind])
        for handle in before + after:
            await _check_healthy(app, handle)
        if stuck is not None:
            await wait_for_state(app.store, stuck.id, deadline=DEADLINE)


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
