"""Opening and closing as all engines do it: once, apart from the caller's loop, and not at all in a forked child."""

import asyncio
import threading
from abc import ABC, abstractmethod

from jobhive.forks import tell_of_forks


class Opening(ABC):
    """Whether a store is open. Callers may come together, on several loops."""

    def __init__(self) -> None:
        self._is_open = False
        self._changing = threading.Lock()  # held while it opens or closes
        tell_of_forks(self)

    async def open(self) -> None:
        """Opens and migrates. Raises StoreRefused, StoreUnavailable, StoreFull."""
        if not self._is_open:
            await asyncio.to_thread(self._open)

    async def close(self) -> None:
        """Answers what is under way, then releases everything."""
        if self._is_open:
            await asyncio.to_thread(self._close)

    def forget(self) -> None:
        """A child's store is not open: what was begun is the original's."""
        self._is_open = False
        self._changing = threading.Lock()
        self._abandon()

    def _open(self) -> None:
        with self._changing:
            if not self._is_open:
                self._begin()
                self._is_open = True

    def _close(self) -> None:
        with self._changing:
            if self._is_open:
                self._is_open = False
                self._end()

    @abstractmethod
    def _begin(self) -> None:
        """Opens it, on a thread of its own. Where that fails, nothing is left behind."""

    @abstractmethod
    def _end(self) -> None:
        """Closes it, on a thread of its own."""

    @abstractmethod
    def _abandon(self) -> None:
        """Lets go, in a child, of what `_begin` has made."""
