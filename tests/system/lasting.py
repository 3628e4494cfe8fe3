"""Work that lasts for a whole test, while something happens to its store."""

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import httpx2

from jobhive.core.errors import StoreUnavailable
from jobhive.core.record import NewJob
from jobhive.core.states import OPEN, State
from jobhive.testing import new_job
from jobhive.testing.faults import ENQUEUE, RUN, audit
from jobhive.testing.faults.history import Phase
from tests.system.installation import Installation

_SUBMITTERS = 4
_PAUSE_SECONDS = 0.05  # between two tries to reach a store that is away
_CONCURRENCY = 1  # slow enough for work to last: what a cut claim took comes back only when its lease runs out


async def survive(
    folder: Path,
    url: str,
    interrupt: Callable[[], None],
    *,
    jobs: int,
    times: int,
    workers: int,
    prepare: Callable[[], None] = lambda: None,
) -> float:
    """Interrupts what stands at the URL while it is worked with and enqueued to, and checks that all is done once.

    `interrupt` returns when it is back. Returns the longest time from then on until all processes work, in seconds.
    `prepare` makes it ready for the next interruption; jobs are acknowledged between the two.
    """
    slowest, first = 0.0, jobs
    size = ("--processes", str(workers), "--concurrency", str(_CONCURRENCY))
    async with Installation(folder, *size, url=url) as installation:
        await installation.until(partial(is_serving, installation))  # who cannot begin at all ends
        await enqueue(installation, jobs)
        for number in range(1, times + 1):
            await installation.until(partial(has_completed, installation, first * number // (times + 2)))
            await asyncio.to_thread(prepare)
            async with submitting(installation) as submitted:
                await asyncio.to_thread(interrupt)
                back_ns = time.monotonic_ns()
            jobs += len(submitted)
            await installation.until(partial(all_run, installation, workers, back_ns))
            seconds = (time.monotonic_ns() - back_ns) / 1e9
            sys.stdout.write(f"interruption {number}: all work {seconds:.2f} s after it is back\n")
            slowest = max(slowest, seconds)
        await check(installation, jobs)
    return slowest


async def enqueue(installation: Installation, jobs: int) -> None:
    """All at once, so that there is work for the whole time."""
    new = [new_job("square", params=f'{{"n": {n}}}') for n in range(jobs)]
    _note(installation, new, "invoked")
    await installation.app.store.jobs.insert(new)
    _note(installation, new, "ok")


@asynccontextmanager
async def submitting(installation: Installation) -> AsyncGenerator[list[NewJob]]:
    """Some enqueue one job after the other for the length of the block, whatever happens; which were acknowledged.

    The block begins when the first were acknowledged.
    """
    acknowledged: list[NewJob] = []
    is_over = asyncio.Event()

    async def submit() -> None:
        while not is_over.is_set():
            job = new_job("square", params='{"n": 2}')
            _note(installation, [job], "invoked")
            await _insert(installation, job)
            _note(installation, [job], "ok")
            acknowledged.append(job)

    async def are_at_it() -> bool:
        return len(acknowledged) > _SUBMITTERS

    async with asyncio.TaskGroup() as group:
        for _ in range(_SUBMITTERS):
            group.create_task(submit())
        await installation.until(are_at_it)
        yield acknowledged
        is_over.set()


async def _insert(installation: Installation, job: NewJob) -> None:
    """As any client would: who does not know whether it was taken asks again, with the same id."""
    while True:
        try:
            await installation.app.store.jobs.insert([job])
        except StoreUnavailable:
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return


def _note(installation: Installation, jobs: Sequence[NewJob], phase: Phase) -> None:
    for job in jobs:
        installation.history.note(ENQUEUE, job.job_id, phase)


async def has_completed(installation: Installation, goal: int) -> bool:
    """Whether so many jobs are complete."""
    try:
        return await installation.completed() >= goal
    except StoreUnavailable:  # a connection that was cut tells so once
        return False


async def all_run(installation: Installation, workers: int, since_ns: int) -> bool:
    """Whether so many processes have begun a job since then."""
    lines = await asyncio.to_thread(installation.history.read)
    return len({line.pid for line in lines if line.what == RUN and line.at_ns > since_ns}) >= workers


async def check(installation: Installation, jobs: int) -> None:
    """All are done, once each, and none was lost."""
    await installation.until(partial(_has_ended_all, installation))  # what is lost will never end
    report = await audit(installation.app.store, installation.history.read())
    sys.stdout.write(f"{report}\n")
    assert report.states == {State.COMPLETE: jobs}
    assert report.acknowledged == jobs


async def _has_ended_all(installation: Installation) -> bool:
    try:
        counts = await installation.app.store.jobs.counts()
    except StoreUnavailable:
        return False
    return not any(counts[state] for state in OPEN)


async def is_serving(installation: Installation) -> bool:
    """Whether its API answers."""
    try:
        async with httpx2.AsyncClient(base_url=installation.server) as client:
            return (await client.get("/health")).is_success
    except httpx2.TransportError:
        return False
