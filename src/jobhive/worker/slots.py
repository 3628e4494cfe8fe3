"""How many attempts may run at once."""

import asyncio


class Slots:
    """Counts free slots. Owned by the worker's loop."""

    def __init__(self, size: int) -> None:
        self.size = size  # fixed for the worker's life
        self.portion = max(size // 2, 1)  # claimed at once at most: while the store hands out one half, the other runs
        self.free = size  # taken by the claimer, given back when a handler has ended
        self._given = asyncio.Event()  # set while a slot is free

    def take(self, count: int) -> None:
        """The claimer got so many jobs."""
        self.free -= count

    def give(self) -> None:
        """A handler has ended."""
        self.free += 1
        self._given.set()

    async def wait(self) -> None:
        """Returns once a slot is free."""
        while self.free <= 0:
            self._given.clear()
            await self._given.wait()
