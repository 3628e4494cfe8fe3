"""Work that lasts for a whole test, while something happens to its store."""

import asyncio
import sys
from collections.abc import Sequence
from functools import partial

from jobhive.core.errors import StoreUnavailable
from jobhive.core.record import NewJob
from jobhive.core.states import State
from jobhive.testing import new_job
from jobhive.testing.faults import ENQUEUE, RUN, audit
from jobhive.testing.faults.history import Phase
from tests.system.installation import Installation


async def enqueue(installation: Installation, jobs: int) -> None:
    """All at once, so that there is work for the whole time."""
    new = [new_job("square", params=f'{{"n": {n}}}') for n in range(jobs)]
    _note(installation, new, "invoked")
    await installation.app.store.jobs.insert(new)
    _note(installation, new, "ok")


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
    await installation.until(partial(has_completed, installation, jobs))
    report = await audit(installation.app.store, installation.history.read())
    sys.stdout.write(f"{report}\n")
    assert report.states == {State.COMPLETE: jobs}
    assert report.acknowledged == jobs
