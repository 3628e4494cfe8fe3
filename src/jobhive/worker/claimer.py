"""Claims at most as many jobs as there are free slots; a wake-up makes it quick, a poll makes it certain."""

import time
from collections.abc import Awaitable, Callable, Sequence

from jobhive.background import Background
from jobhive.core.errors import StoreError
from jobhive.core.receipt import Claim
from jobhive.failpoints import failpoint
from jobhive.narration import Episode
from jobhive.store.signals import Signals, Wake, queue_topic
from jobhive.worker.slots import Slots

Take = Callable[[int, Sequence[str]], Awaitable[Sequence[Claim]]]  # claims at most so many jobs from these queues


class Claimer(Background):
    """Gives what it takes to `begin`, which starts it at once."""

    name = "claimer"

    def __init__(
        self,
        take: Take,
        begin: Callable[[Claim], None],
        slots: Slots,
        signals: Signals,
        queues: Sequence[str],
        poll_interval: float,
        error_backoff: float,
    ) -> None:
        self._take = take
        self._begin = begin
        self._slots = slots
        self._signals = signals
        self._queues = queues
        self._poll_interval = poll_interval  # seconds
        self._polls_at = 0.0  # monotonic; then it looks at all queues, whether they rang or not
        self._error_backoff = error_backoff  # seconds
        self._trouble = Episode(self.name, "claims")
        self._is_claiming = False  # while a claim is under way: it is not cut off, for its jobs would hang in the air
        self._is_stopping = False

    def quit(self) -> None:
        """Claims no more. The jobs of a claim under way are begun."""
        self._is_stopping = True
        if not self._is_claiming:
            super().quit()

    async def _run(self) -> None:
        with self._signals.listen(*map(queue_topic, self._queues)) as wake:
            queues = self._all_queues()
            while not self._is_stopping:
                await self._slots.wait()
                limit = min(self._slots.free, self._slots.portion)
                has_room = await self._claim(limit, queues) < limit
                queues = await self._rung(wake) if has_room and not self._is_stopping else self._all_queues()

    def _all_queues(self) -> Sequence[str]:
        self._polls_at = time.monotonic() + self._poll_interval
        return self._queues

    async def _rung(self, wake: Wake) -> Sequence[str]:
        """Those that rang, in their order: the others gave all that they had. All, where they are not sure to have."""
        if self._trouble.is_on:
            await wake.wait(self._error_backoff)
            return self._all_queues()
        topics = await wake.wait(self._polls_at - time.monotonic())
        return [queue for queue in self._queues if queue_topic(queue) in topics] or self._all_queues()

    async def _claim(self, limit: int, queues: Sequence[str]) -> int:
        self._is_claiming = True
        try:
            claims = await self._take(limit, queues)
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
