"""The only double in these tests: no real store can be made to fail so many times and no more, or has a defect at our
command."""

import asyncio


class FailingPart:
    """A part of the store of which one method fails: its first calls, or all where no number is told."""

    def __init__(self, part: object, method: str, error: Exception, failures: int | None = None) -> None:
        self.has_failed = asyncio.Event()
        self.is_over = asyncio.Event()  # set once a call went through
        self._part = part
        self._method = method
        self._error = error
        self._left = failures

    def heal(self) -> None:
        """It fails no more."""
        self._left = 0

    def __getattr__(self, name: str) -> object:
        return self._call if name == self._method else getattr(self._part, name)

    async def _call(self, *args: object) -> object:
        if self._left != 0:
            self._left = None if self._left is None else self._left - 1
            self.has_failed.set()
            raise self._error
        self.is_over.set()
        return await getattr(self._part, self._method)(*args)
