"""Workers, and everything, killed with SIGKILL while jobs run. Nothing is lost, nothing is recorded twice."""

import random
from functools import partial
from pathlib import Path

import pytest

from jobhive import CompleteJob, FailedJob, JobHandle
from tests.system.installation import Installation
from tests.system.jobs import Squared


async def test_random_kills_lose_and_double_nothing(tmp_path: Path) -> None:  # P2, B2
    await _survive(tmp_path, jobs=300, kills=5)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_thirty_random_kills_over_a_thousand_jobs(tmp_path: Path) -> None:  # P2, B2
    await _survive(tmp_path, jobs=1000, kills=30)


async def test_a_stream_goes_on_after_everything_was_killed(tmp_path: Path) -> None:  # I3, I8, I9, P5
    async with Installation(tmp_path) as installation:
        handle = await installation.app.enqueue("count", {"n": 50})
        before = []
        async for event in handle.stream():
            before.append(event)
            if event.data.get("value") == 10:
                break
        await installation.kill_all()
        await installation.start()
        after = [event async for event in handle.stream(after=before[-1].seq)]
        assert [event.seq for event in before + after] == list(range(1, after[-1].seq + 1))
        assert [event async for event in handle.stream()] == before + after
        [again] = [event for event in after if event.type == "attempt"]
        assert again.data["n"] == 2
        told = [event.data["value"] for event in after if event.type == "item" and event.seq > again.seq]
        assert told == list(range(50))
        assert after[-1].data == {"state": "complete", "result": None}


async def test_only_what_is_really_gone_is_taken_up(tmp_path: Path) -> None:  # D5
    async with Installation(tmp_path, "--processes", "2", "--concurrency", "1") as installation:
        signal = tmp_path / "go"
        handles = [await installation.app.enqueue("wait_for", {"path": str(signal)}) for _ in range(2)]
        await installation.until(lambda: _are_running(installation, 2))
        [first, _] = await installation.workers()
        await installation.kill_a_worker(random.Random(1))
        await installation.until(lambda: _is_taken_up(handles))
        signal.touch()
        attempts = sorted([await _attempt_of(handle) for handle in handles])
        assert attempts == [1, 2], first


async def test_a_kind_that_must_not_run_again_fails_with_its_worker(tmp_path: Path) -> None:  # D5
    async with Installation(tmp_path, "--concurrency", "1") as installation:
        handle = await installation.app.enqueue("fragile", {"path": str(tmp_path / "never")})
        async for event in handle.stream():
            if event.type == "log":  # a job that was only claimed would be run again
                break
        await installation.kill_a_worker(random.Random(1))
        [last] = [event async for event in handle.stream() if event.is_terminal]
        job = await handle.job()
        assert isinstance(job, FailedJob)
        assert last.data["code"] == job.error.code == "CRASHED"


async def _survive(folder: Path, jobs: int, kills: int) -> None:
    """Kills a worker each time another share of the jobs is done; then checks every job."""
    chance = random.Random(kills)
    async with Installation(folder, "--processes", "2", "--concurrency", "10") as installation:
        handles = [await installation.app.enqueue("square", {"n": n}) for n in range(jobs)]
        for kill in range(1, kills + 1):
            await installation.until(partial(_has_completed, installation, jobs * kill // (kills + 2)))
            await installation.kill_a_worker(chance)
        await installation.until(lambda: _has_completed(installation, jobs))
        for n, handle in enumerate(handles):
            await _check(handle, n)
        assert "saw die" in installation.log


async def _check(handle: JobHandle[object], n: int) -> None:
    job = await handle.job()
    assert isinstance(job, CompleteJob), job
    assert job.result == Squared(attempt=job.attempt, square=n * n)
    assert {attempt.outcome for attempt in job.attempts} <= {"lost", "crashed"}
    assert len(job.attempts) == job.attempt - 1


async def _has_completed(installation: Installation, goal: int) -> bool:
    return await installation.completed() >= goal


async def _are_running(installation: Installation, count: int) -> bool:
    return (await installation.app.store.jobs.counts())["running"] == count


async def _is_taken_up(handles: list[JobHandle[object]]) -> bool:
    return any([(await handle.job()).attempt == 2 for handle in handles])


async def _attempt_of(handle: JobHandle[object]) -> int:
    await handle.result()
    return (await handle.job()).attempt
