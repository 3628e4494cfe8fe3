"""What is old is forgotten: workers that were silent for long, and ended jobs that have been kept long enough."""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta

from jobhive.core.doubt import Look, jump_between
from jobhive.core.retention import Retention
from jobhive.narration import narrate
from jobhive.store.port import Store
from jobhive.upkeep.duty import Duty

_BATCH = 500
_LATE_SHARE = 0.1  # of the time that jobs are kept: so late those may go that ended when the sweep had passed them
_CLOCK_SETTLES_SECONDS = 3600.0


class Pruner(Duty):
    """Sweeps through old jobs, for each time that jobs are kept. The first sweep begins with the oldest job.

    After a clock jump no job is deleted for an hour: a wrong clock makes everything look old.
    """

    name = "pruner"
    every = timedelta(seconds=60)

    def __init__(self, store: Store, retentions: Sequence[Retention] = ()) -> None:
        super().__init__(store)
        self._sweeps = [_Sweep(retention) for retention in retentions]
        self._before: Look | None = None  # the look of the last tick
        self._distrusted_until = 0.0  # monotonic seconds; no job is deleted before

    async def tick(self) -> None:
        """Forgets what is old."""
        await self.store.workers.prune()
        if self._trusts(Look(self.store.clock.now_ms() / 1000, time.monotonic())):
            for sweep in self._sweeps:
                await self._go_on(sweep)

    def _trusts(self, now: Look) -> bool:
        before, self._before = self._before, now
        if before is not None and (jump := jump_between(before, now)):
            self._distrusted_until = now.steady + _CLOCK_SETTLES_SECONDS
            sentence = f"the clock jumped by {jump:+.1f} s; for an hour nothing is deleted because of its age"
            narrate("pruner", "doubts", "the age of jobs", sentence, level="warning")
        return now.steady >= self._distrusted_until

    async def _go_on(self, sweep: "_Sweep") -> None:
        """To where jobs are too young, in small steps with as much time between them as they take."""
        sweep.begin_again_if_due(time.monotonic())
        jobs, is_done = 0, False
        while not is_done:
            began = time.monotonic()
            pruned = await self.store.jobs.prune(sweep.retention, sweep.cursor, _BATCH)
            sweep.cursor, is_done = pruned.cursor, pruned.is_done
            jobs += pruned.jobs
            await asyncio.sleep(time.monotonic() - began)
        if jobs:
            narrate("pruner", "deleted", f"{jobs} jobs", f"they were kept for {sweep.retention.keep}", level="debug")


class _Sweep:
    """How far the jobs of one time have been looked at."""

    def __init__(self, retention: Retention) -> None:
        self.retention = retention
        self.cursor: str | None = None  # as the store gave it; None = at the oldest job
        self._every = max(retention.keep.total_seconds() * _LATE_SHARE, Pruner.every.total_seconds())
        self._begins_at = time.monotonic() + self._every  # the next sweep

    def begin_again_if_due(self, now: float) -> None:
        """From the oldest job on, for those that ended after the last sweep had passed them."""
        if now >= self._begins_at:
            self.cursor, self._begins_at = None, now + self._every
