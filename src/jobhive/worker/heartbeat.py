"""The worker's signs of life, and the ear for a wish that it retire."""

import time
from collections.abc import Callable

from jobhive.background import Background
from jobhive.core.errors import StoreError
from jobhive.core.record import WorkerRecord
from jobhive.failpoints import failpoint
from jobhive.narration import Episode
from jobhive.store.port import Workers
from jobhive.store.signals import WORKERS, Signals


class Heartbeat(Background):
    """Beats at once, then regularly; calls `retire` once if somebody asks for that."""

    name = "heartbeat"

    def __init__(
        self,
        workers: Workers,
        signals: Signals,
        describe: Callable[[], WorkerRecord],
        retire: Callable[[], None],
        interval: float,
    ) -> None:
        self._workers = workers
        self._signals = signals
        self._describe = describe
        self._retire = retire
        self._interval = interval  # seconds
        self._trouble = Episode(self.name, "signs of life")
        self._is_retiring = False

    async def stop(self) -> None:
        """Ends the loop and takes the worker off the list."""
        await super().stop()
        failpoint("heartbeat.before_leave")
        try:
            await self._workers.leave(self._describe().worker_id)
        except StoreError as error:
            self._trouble.begin(str(error))

    async def _run(self) -> None:
        with self._signals.listen(WORKERS) as wake:
            while True:
                await self._beat()
                next_beat = time.monotonic() + self._interval
                while await wake.wait(next_beat - time.monotonic()):
                    await self._look()

    async def _beat(self) -> None:
        failpoint("heartbeat.before_beat")
        try:
            self._heed(is_asked=await self._workers.beat(self._describe()))
        except StoreError as error:
            self._trouble.begin(str(error))
        else:
            self._trouble.end()

    async def _look(self) -> None:
        """Somebody's entry changed: perhaps ours, by a wish."""
        mine = self._describe().worker_id
        try:
            active = await self._workers.active()
        except StoreError as error:
            self._trouble.begin(str(error))
            return
        self._heed(is_asked=any(worker.is_retiring for worker in active if worker.worker_id == mine))

    def _heed(self, *, is_asked: bool) -> None:
        if is_asked and not self._is_retiring:
            self._is_retiring = True
            self._retire()
