"""One request on its way through the child process, as its parent sees it."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from jobhive.kinds.inference.wire import Generated, Outcome


class Gone(NamedTuple):
    """The last thing heard of a request whose process ended."""

    epitaph: str  # how it ended


Heard = Generated | Outcome | Gone


class Exchange:
    """What is heard of one request: pieces of text, then one last thing."""

    def __init__(self, on_cancel: Callable[[], None], on_over: Callable[[], None]) -> None:
        self._heard: asyncio.Queue[Heard] = asyncio.Queue()  # holds at most the request's max_tokens
        self._is_over = False  # set when the child has let go of the request: only then is its slot free
        self._on_cancel = on_cancel
        self._on_over = on_over

    async def next(self) -> Heard:
        """Waits for the next thing; nothing comes after the last one."""
        return await self._heard.get()

    def hear(self, heard: Heard) -> None:
        """Called by the process."""
        self._heard.put_nowait(heard)
        if not isinstance(heard, Generated):
            self._is_over = True
            self._on_over()

    def abandon(self) -> None:
        """Nobody listens any more. Returns at once; the slot is free when the child has let go."""
        if not self._is_over:
            self._on_cancel()
