"""The one shape of a duty: `start`, `stop`, `tick`."""

import traceback
from abc import abstractmethod
from datetime import timedelta
from typing import ClassVar

from jobhive.background import Background
from jobhive.core.errors import StoreError
from jobhive.narration import Episode, narrate
from jobhive.store.port import Store
from jobhive.store.signals import Wake


class Duty(Background):
    """Ticks at its interval, and earlier when one of its topics rings."""

    every: ClassVar[timedelta]
    topics: ClassVar[tuple[str, ...]] = ()

    def __init__(self, store: Store) -> None:
        self.store = store
        self._trouble = Episode(self.name, "upkeep")
        self._defect: str | None = None  # that the last tick met

    @abstractmethod
    async def tick(self) -> None:
        """Does what is due now. A StoreError is waited out; a defect is told, and the next tick tries again."""

    async def pause(self, wake: Wake) -> None:
        """Waits for the next tick."""
        await wake.wait(self.every.total_seconds())

    async def _run(self) -> None:
        with self.store.signals.listen(*self.topics) as wake:
            while True:
                await self._try()
                await self.pause(wake)

    async def _try(self) -> None:
        try:
            await self.tick()
        except StoreError as error:
            self._trouble.begin(str(error))
        except Exception as defect:  # the other duties of this process are worth more than its end
            self._meet(defect)
        else:
            self._trouble.end()
            self._defect = None

    def _meet(self, defect: Exception) -> None:
        """Says each defect once, in full; the next tick may be spared it."""
        if repr(defect) != self._defect:
            self._defect = repr(defect)
            told = "".join(traceback.format_exception(defect))
            narrate(self.name, "failed", "upkeep", f"a defect: {defect!r}", level="error", exception=told)
