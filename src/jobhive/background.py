"""The one shape of what goes on beside the rest: a loop with `start` and `stop`."""

import asyncio
from abc import ABC, abstractmethod
from typing import ClassVar


class Background(ABC):
    """A task of the running loop, from `start` to `stop`. One use."""

    name: ClassVar[str]  # of the task, and of the actor in the log
    _task: asyncio.Task[None] | None = None  # from `start` on

    def start(self) -> asyncio.Future[None]:
        """Begins. The future ends with the loop: with its defect, if it has one."""
        self._task = asyncio.create_task(self._run(), name=f"jobhive {self.name}")
        return self._task

    def quit(self) -> None:
        """Ends the loop at its next wait."""
        if self._task is not None:
            self._task.cancel()

    async def stop(self) -> None:
        """The same, and returns once it is so."""
        self.quit()
        if self._task is not None:
            await asyncio.wait([self._task])

    @abstractmethod
    async def _run(self) -> None:
        """Goes on until it is cancelled."""
