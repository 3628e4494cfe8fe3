"""Jobs of workers that are gone are taken back."""

from datetime import timedelta

from jobhive.narration import narrate
from jobhive.store.port import Rescued
from jobhive.upkeep.duty import Duty

_BATCH = 500


class Rescuer(Duty):
    """Where the store can tell that a worker's process is gone, at once; elsewhere when the lease runs out."""

    every = timedelta(seconds=1)

    async def tick(self) -> None:
        """Takes back what is held by nobody."""
        for worker in await self.store.workers.dead():
            self._tell(await self.store.jobs.rescue_from(worker))
        self._tell(await self.store.jobs.rescue(_BATCH))
        await self.store.jobs.absolve()

    def _tell(self, rescued: list[Rescued]) -> None:
        for job in rescued:
            silence = f"no sign of {job.worker} for {job.silence.total_seconds():.1f} s"
            narrate("rescuer", "rescued", job.verdict, silence, job_id=job.job_id, level="warning")
