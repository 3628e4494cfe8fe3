"""Due jobs become pending."""

from datetime import timedelta

from jobhive.failpoints import failpoint
from jobhive.store.port import Store
from jobhive.store.signals import SCHEDULE, Wake
from jobhive.upkeep.duty import Duty

_BATCH = 1_000


class Stager(Duty):
    """Sleeps until the next job is due; a job scheduled meanwhile wakes it."""

    name = "stager"
    every = timedelta(seconds=2)
    topics = (SCHEDULE,)

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._next_due: timedelta | None = None  # as of the last tick

    async def tick(self) -> None:
        """Stages all that is due."""
        self._next_due = await self.store.jobs.next_due()
        while self._next_due == timedelta(0):
            failpoint("stager.before_stage")
            await self.store.jobs.stage(_BATCH)
            self._next_due = await self.store.jobs.next_due()

    async def pause(self, wake: Wake) -> None:
        """Until the next job is due, at most `every`."""
        due = self.every if self._next_due is None else min(self._next_due, self.every)
        await wake.wait(due.total_seconds())
