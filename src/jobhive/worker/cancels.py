"""Brings cancel requests to the attempts they are meant for."""

from jobhive.background import Background
from jobhive.core.errors import StoreError
from jobhive.failpoints import failpoint
from jobhive.narration import Episode
from jobhive.store.port import WorkerJobs
from jobhive.store.signals import CANCELS, Signals
from jobhive.worker.attempts import Attempts


class CancelWatch(Background):
    """Looks whenever somebody asked for any cancel, and now and then in case a wake-up was lost."""

    name = "cancel watch"

    def __init__(self, jobs: WorkerJobs, signals: Signals, attempts: Attempts, poll_interval: float) -> None:
        self._jobs = jobs
        self._signals = signals
        self._attempts = attempts
        self._poll_interval = poll_interval  # seconds
        self._trouble = Episode(self.name, "cancel requests")

    async def _run(self) -> None:
        with self._signals.listen(CANCELS) as wake:
            while True:
                await wake.wait(self._poll_interval)
                await self._look()

    async def _look(self) -> None:
        receipts = self._attempts.receipts()
        try:
            asked = await self._jobs.cancel_requests(receipts) if receipts else []
        except StoreError as error:
            self._trouble.begin(str(error))
            return
        self._trouble.end()
        for job_id in asked:
            failpoint("cancels.heard")
            self._attempts.cancel(job_id)
