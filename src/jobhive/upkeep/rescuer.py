"""Jobs of workers that are gone are taken back."""

import time
from datetime import timedelta

from jobhive.core.doubt import Look, doubt
from jobhive.core.errors import StoreError
from jobhive.failpoints import failpoint
from jobhive.narration import Level, narrate
from jobhive.store.port import Rescued, Store
from jobhive.upkeep.duty import Duty

_BATCH = 500


class Rescuer(Duty):
    """Where the store can tell that a worker's process is gone, at once; elsewhere when the lease runs out.

    A lease that ran out means nothing where its holder could not renew it, or where the clock jumped: then, and at the
    start, for nobody knows what was before, leases are believed again after a whole lease without trouble.
    """

    name = "rescuer"
    every = timedelta(seconds=1)

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._lease_seconds = store.lease.total_seconds()
        self._before: Look | None = None  # the look of the last tick
        self._was_answered = True  # by the store, at the last tick
        self._held_until: float | None = None  # monotonic seconds; None while leases are believed
        self._level: Level = "debug"  # of what is said of the hold; at the start there is one always

    async def tick(self) -> None:
        """Takes back what is held by nobody."""
        try:
            await self._take_back()
        except StoreError:
            self._was_answered = False
            raise

    async def _take_back(self) -> None:
        for worker in await self.store.workers.dead():
            failpoint("rescuer.found_dead")
            self._tell(await self.store.jobs.rescue_from(worker))
        if self._believes(Look(self.store.clock.now_ms() / 1000, time.monotonic())):
            self._tell(await self.store.jobs.rescue(_BATCH))
        else:
            await self.store.check()  # trouble that nobody looked for would not prolong the hold
        await self.store.jobs.absolve()

    def _believes(self, now: Look) -> bool:
        why = doubt(
            self._before,
            now,
            was_answered=self._was_answered,
            every=self.every.total_seconds(),
            lease=self._lease_seconds,
        )
        is_start, self._before, self._was_answered = self._before is None, now, True
        if why is not None:
            self._hold(now, why, is_quiet=is_start)
        elif self._held_until is not None and now.steady >= self._held_until:
            self._held_until = None
            narrate("rescuer", "believes", "expired leases", "for a whole lease nothing was amiss", level=self._level)
        return self._held_until is None

    def _hold(self, now: Look, why: str, *, is_quiet: bool) -> None:
        """Begins a hold, and says so, or prolongs the one that is on."""
        if self._held_until is None:
            self._level = "debug" if is_quiet else "warning"
            sentence = f"{why}; for {self._lease_seconds:g} s nothing is taken back by its lease"
            narrate("rescuer", "doubts", "expired leases", sentence, level=self._level)
        self._held_until = now.steady + self._lease_seconds

    def _tell(self, rescued: list[Rescued]) -> None:
        for job in rescued:
            silence = f"no sign of {job.worker} for {job.silence.total_seconds():.1f} s"
            narrate("rescuer", "rescued", job.verdict, silence, job_id=job.job_id, level="warning")
