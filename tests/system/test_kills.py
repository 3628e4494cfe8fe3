"""Workers, servers, supervisors, and everything, killed while jobs run. Nothing is lost or recorded twice."""

import math
import random
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from jobhive import FailedJob, JobHandle
from jobhive.core.states import State
from jobhive.testing.faults import ENQUEUE, Happening, Kills, audit, recoveries
from tests.system.installation import Installation
from tests.system.producer import Producer


async def test_random_kills_lose_and_double_nothing(tmp_path: Path, store_url: str) -> None:  # P2, B2
    await _survive(tmp_path, store_url, jobs=300, kills=6)


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_a_hundred_random_kills_over_a_thousand_jobs(tmp_path: Path, store_url: str) -> None:  # P2, P5, B2
    await _survive(tmp_path, store_url, jobs=1000, kills=100)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_who_stands_still_past_its_lease_changes_nothing(tmp_path: Path, store_url: str) -> None:  # P2, P4
    """Workers and servers are stopped for longer than a lease, supervisors asked to end, anybody killed."""
    chance, jobs = random.Random(1), 600
    async with _working(tmp_path, store_url, jobs, {"JOBHIVE_LEASE": "1"}) as installation:
        anybody = Kills(installation, chance)
        asked, frozen = Kills(installation, chance, ["supervisor"]), Kills(installation, chance, ["server", "worker"])
        for strike in range(1, 11):
            victim = await frozen.strike(signal.SIGSTOP)
            await installation.until(partial(_has_completed, installation, jobs * strike // 12))
            await (asked.strike(signal.SIGTERM) if strike % 3 == 0 else anybody.strike())
            frozen.resume(victim)
        await _check(installation, jobs)


async def test_a_stream_goes_on_after_everything_was_killed(tmp_path: Path, store_url: str) -> None:  # I3, I8, I9, P5
    async with Installation(tmp_path, url=store_url) as installation:
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


async def test_only_what_is_really_gone_is_taken_up(tmp_path: Path, store_url: str) -> None:  # D5
    async with Installation(tmp_path, "--processes", "2", "--concurrency", "1", url=store_url) as installation:
        go = tmp_path / "go"
        handles = [await installation.app.enqueue("wait_for", {"path": str(go)}) for _ in range(2)]
        await installation.until(lambda: _are_running(installation, 2))
        await Kills(installation, random.Random(1), ["worker"]).strike()
        await installation.until(lambda: _is_taken_up(handles))
        go.touch()
        attempts = sorted([await _attempt_of(handle) for handle in handles])
        assert attempts == [1, 2]


async def test_a_kind_that_must_not_run_again_fails_with_its_worker(tmp_path: Path, store_url: str) -> None:  # D5
    async with Installation(tmp_path, "--concurrency", "1", url=store_url) as installation:
        handle = await installation.app.enqueue("fragile", {"path": str(tmp_path / "never")})
        async for event in handle.stream():
            if event.type == "log":  # a job that was only claimed would be run again
                break
        await Kills(installation, random.Random(1), ["worker"]).strike()
        [last] = [event async for event in handle.stream() if event.is_terminal]
        job = await handle.job()
        assert isinstance(job, FailedJob)
        assert last.data["code"] == job.error.code == "CRASHED"


async def _survive(folder: Path, url: str, jobs: int, kills: int) -> None:
    """Kills some process each time another share of the jobs is done; then checks every job."""
    async with _working(folder, url, jobs) as installation:
        strikes = Kills(installation, random.Random(kills))
        for kill in range(1, kills + 1):
            await installation.until(partial(_has_completed, installation, jobs * kill // (kills + 2)))
            await strikes.strike()
        await _check(installation, jobs)
        sys.stdout.write(f"struck: {strikes.struck}; {_recovery(installation.history.read())}\n")


@asynccontextmanager
async def _working(
    folder: Path, url: str, jobs: int, changes: Mapping[str, str] | None = None
) -> AsyncIterator[Installation]:
    """Two workers with ten jobs in flight and so many in all."""
    async with Installation(folder, "--processes", "2", "--concurrency", "5", url=url, changes=changes) as installation:
        producer = Producer(installation.app.store, installation.history)
        for n in range(jobs):
            await producer.enqueue(f"square {n}", "square", params=f'{{"n": {n}}}')
        yield installation


async def _check(installation: Installation, jobs: int) -> None:
    """All are complete, and no attempt was ended but by a kill or a stop."""
    await installation.until(lambda: _has_completed(installation, jobs))
    report = await audit(installation.app.store, installation.history.read())
    sys.stdout.write(f"{report}\n")
    assert report.states == {State.COMPLETE: jobs}
    assert report.acknowledged == jobs
    assert await _causes(installation) <= {"lost", "crashed", "released"}


def _recovery(lines: list[Happening]) -> str:
    seconds = sorted(recoveries(lines))
    if not seconds:
        return "no running job was hit"
    p95 = seconds[math.ceil(0.95 * len(seconds)) - 1]
    return f"{len(seconds)} interrupted jobs ran again after p50 {seconds[len(seconds) // 2]:.2f} s, p95 {p95:.2f} s"


async def _causes(installation: Installation) -> set[str]:
    """How attempts ended that did not complete their jobs."""
    store = installation.app.store
    ids = {line.subject for line in installation.history.read() if line.what == ENQUEUE}
    return {attempt.outcome for job_id in ids for attempt in await store.jobs.attempts(job_id)}


async def _has_completed(installation: Installation, goal: int) -> bool:
    return await installation.completed() >= goal


async def _are_running(installation: Installation, count: int) -> bool:
    return (await installation.app.store.jobs.counts())["running"] == count


async def _is_taken_up(handles: list[JobHandle[object]]) -> bool:
    return any([(await handle.job()).attempt == 2 for handle in handles])


async def _attempt_of(handle: JobHandle[object]) -> int:
    await handle.result()
    return (await handle.job()).attempt
