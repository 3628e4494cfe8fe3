"""Claims at most as many jobs as there are free slots; a wake-up makes it quick, a poll makes it certain."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from jobhive.core.errors import StoreError
from jobhive.core.receipt import Claim
from jobhive.failpoints import failpoint
from jobhive.narration import Episode
from jobhive.store.signals import Signals, queue_topic
from jobhive.worker.slots import Slots

Take = Callable[[int], Awaitable[Sequence[Claim]]]  # claims at most so many jobs


class Claimer:
    """Runs from `start` to `stop`. Gives claims to `begin`, which starts them at once."""

    def __init__(
        self,
        take: Take,
        begin: Callable[[Claim], None],
        slots: Slots,
        poll_interval: float,
        error_backoff: float,
    ) -> None:
        self._take = take
        self._begin = begin
        self._slots = slots
        self._poll_interval = poll_interval  # seconds
        self._error_backoff = error_backoff  # seconds
        self._trouble = Episode("claimer", "claims")
        self._task: asyncio.Task[None] | None = None
        self._is_claiming = False  # while a claim is under way: it is not cut off, for its jobs would hang in the air
        self._is_stopping = False

    def start(self, signals: Signals, queues: Sequence[str]) -> asyncio.Future[None]:
        """Begins to claim from these queues. The future ends with the loop."""
        self._task = asyncio.create_task(self._run(signals, queues), name="jobhive-claimer")
        return self._task

    def quit(self) -> None:
        """Claims no more. The jobs of a claim under way are begun."""
        self._is_stopping = True
        if self._task is not None and not self._is_claiming:
            self._task.cancel()

    async def stop(self) -> None:
        """The same, and returns once it is so."""
        self.quit()
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self, signals: Signals, queues: Sequence[str]) -> None:
        with signals.listen(*map(queue_topic, queues)) as wake:
            while not self._is_stopping:
                await self._slots.wait()
                limit = min(self._slots.free, self._slots.portion)
                if await self._claim(limit) < limit and not self._is_stopping:
                    await wake.wait(self._error_backoff if self._trouble.is_on else self._poll_interval)

    async def _claim(self, limit: int) -> int:
        self._is_claiming = True
        try:
            claims = await self._take(limit)
        except StoreError as error:
            self._trouble.begin(str(error))
            return 0
        finally:
            self._is_claiming = False
        self._trouble.end()
        failpoint("claimer.claimed")
        self._slots.take(len(claims))
        for claim in claims:
            self._begin(claim)
        return len(claims)
