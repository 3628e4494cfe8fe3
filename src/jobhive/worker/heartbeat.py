"""The worker's signs of life, and the ear for a wish that it retire."""

import asyncio
import time
from collections.abc import Callable

from jobhive.core.errors import StoreError
from jobhive.core.record import WorkerRecord
from jobhive.failpoints import failpoint
from jobhive.narration import Episode
from jobhive.store.port import Workers
from jobhive.store.signals import WORKERS, Signals


class Heartbeat:
    """Beats from `start` to `stop`; calls `retire` once if somebody asks for that."""

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
        self._trouble = Episode("heartbeat", "signs of life")
        self._is_retiring = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> asyncio.Future[None]:
        """Beats at once, then regularly. The future ends with the loop."""
        self._task = asyncio.create_task(self._run(), name="jobhive-heartbeat")
        return self._task

    async def stop(self) -> None:
        """Ends the loop and takes the worker off the list."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
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
