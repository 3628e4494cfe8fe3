"""A worker that stands still for longer than its lease, as in a suspended machine, and then goes on."""

import asyncio
import random
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from jobhive import Jobhive
from jobhive.core.receipt import Claim
from jobhive.testing import asking, complete, snapshot, stored_events, wait_for_job
from tests.system import late_jobs
from tests.system.worker_program import WorkerProgram

_LEASE_SECONDS = 1
_KINDS = ("write_late", "write_late_in_thread")


async def test_whatever_a_frozen_worker_writes_late_is_refused(tmp_path: Path, store_url: str) -> None:  # B2, P4
    await _freeze_again_and_again(tmp_path, store_url, rounds=3, chance=random.Random(1))


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", [2])
async def test_two_hundred_times_nothing_of_it_is_accepted(tmp_path: Path, store_url: str, seed: int) -> None:  # B2, P4
    await _freeze_again_and_again(tmp_path, store_url, rounds=200, chance=random.Random(seed))


async def _freeze_again_and_again(folder: Path, url: str, rounds: int, chance: random.Random) -> None:
    longer = timedelta(seconds=9)  # of what the test claims; the worker's upkeep believes ten of its own
    app = Jobhive(url, lease=longer, data=folder)
    app.kinds = late_jobs.app.kinds
    changes = {"JOBHIVE_LEASE": str(_LEASE_SECONDS), "JOBHIVE_DATA": str(folder)}
    async with app, WorkerProgram(url, "tests.system.late_jobs:app", "--concurrency", "1", **changes) as stale:
        for number in range(rounds):
            await _freeze_once(app, stale, folder / f"go-{number}", chance)


async def _freeze_once(app: Jobhive, stale: WorkerProgram, go: Path, chance: random.Random) -> None:
    kind, manner = chance.choice(_KINDS), chance.choice(late_jobs.MANNERS)
    handle = await app.enqueue(kind, {"go": str(go), "manner": manner})
    await wait_for_job(app.store, handle.id, lambda job: job.last_seq > 1, "it told nothing")
    await _freeze(app, stale)
    fresh = await _taken(app, handle.id)
    before = await snapshot(app.store, handle.id)
    await asyncio.to_thread(go.touch)
    stale.send(signal.SIGCONT)
    await stale.until("thrown away", handle.id)
    assert await snapshot(app.store, handle.id) == before, manner
    assert await app.store.jobs.finish([complete(fresh, '"right"')]) == [handle.id], manner
    assert await handle.result() == "right"
    told = [event.type for event in await stored_events(app.store, handle.id)]
    assert told == ["log", *["attempt"] * (fresh.attempt - 1)], manner


async def _freeze(app: Jobhive, stale: WorkerProgram) -> None:
    """Not in the middle of a commit, when it would hold the file's lock and with it everybody."""
    while True:
        stale.send(signal.SIGSTOP)
        writing = asyncio.create_task(app.store.check())
        if (await asyncio.wait({writing}, timeout=1))[0]:
            return
        stale.send(signal.SIGCONT)
        await writing


async def _taken(app: Jobhive, job_id: str) -> Claim:
    """The job, claimed by somebody else once the lease has run out."""
    with app.store.signals.listen() as wake:
        async with asyncio.timeout(30):
            while not (claim := await _claimed(app, job_id)):
                await wake.wait(0.02)
    return claim


async def _claimed(app: Jobhive, job_id: str) -> Claim | None:
    await app.store.jobs.rescue(1)
    return await app.store.jobs.claim_one(job_id, asking("fresh", kinds=_KINDS))
