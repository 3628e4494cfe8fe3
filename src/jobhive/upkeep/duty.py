"""The one shape of a background duty: `start`, `stop`, `tick`."""

import asyncio
from abc import ABC, abstractmethod
from datetime import timedelta
from typing import ClassVar

from jobhive.core.errors import StoreError
from jobhive.narration import Episode
from jobhive.store.port import Store
from jobhive.store.signals import Wake


class Duty(ABC):
    """Ticks at its interval, and earlier when one of its topics rings."""

    every: ClassVar[timedelta]
    topics: ClassVar[tuple[str, ...]] = ()

    def __init__(self, store: Store) -> None:
        self.store = store
        self._trouble = Episode(type(self).__name__.lower(), "upkeep")
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Ticks at once, then regularly."""
        self._task = asyncio.create_task(self._run(), name=f"jobhive-{type(self).__name__.lower()}")

    async def stop(self) -> None:
        """Ends the loop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    @abstractmethod
    async def tick(self) -> None:
        """Does what is due now. A StoreError is waited out."""

    async def pause(self, wake: Wake) -> None:
        """Waits for the next tick."""
        await wake.wait(self.every.total_seconds())

    async def _run(self) -> None:
        with self.store.signals.listen(*self.topics) as wake:
            while True:
                try:
                    await self.tick()
                    self._trouble.end()
                except StoreError as error:
                    self._trouble.begin(str(error))
                await self.pause(wake)
