"""Callers at the same time share a statement and a commit: what they hand in is put together, the answers dealt out.

Each is answered only after the commit. Where one of them makes the whole fail, everybody is served alone, so that
nobody pays for a neighbour.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from jobhive.core.errors import StoreFull, StoreRefused, StoreUnavailable
from jobhive.forks import abandon, tell_of_forks

T = TypeVar("T")
R = TypeVar("R")

EVERYBODYS = (StoreUnavailable, StoreFull, StoreRefused)  # trouble of the store, whoever asks
_MOST_TOGETHER = 2_000  # rows; a larger batch comes from one caller and goes alone


class _Ask(NamedTuple, Generic[T, R]):
    """One caller's share."""

    items: Sequence[T]
    answer: "asyncio.Future[list[R]]"


class Group(Generic[T, R]):
    """One act on many things, with an answer for each in their order. Lives on the engine's loop."""

    def __init__(self, act: Callable[[Sequence[T]], Awaitable[list[R]]]) -> None:
        self._act = act
        self._asks: list[_Ask[T, R]] = []  # not yet begun
        self._serving: asyncio.Task[None] | None = None  # runs while there are any
        tell_of_forks(self)

    def forget(self) -> None:
        """In a child: who asked, and who serves, is the original's."""
        abandon(self._serving)
        self._asks, self._serving = [], None

    async def ask(self, items: Sequence[T]) -> list[R]:
        """Answers for these, in their order."""
        if not items:
            return []
        ask = _Ask[T, R](items, asyncio.get_running_loop().create_future())
        self._asks.append(ask)
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve())
        return await ask.answer

    async def _serve(self) -> None:
        await asyncio.sleep(0)  # whoever comes in the same moment goes along
        while self._asks:
            await self._serve_together(self._next())

    def _next(self) -> list[_Ask[T, R]]:
        count = rows = 0
        for ask in self._asks:
            rows += len(ask.items)
            if count and rows > _MOST_TOGETHER:
                break
            count += 1
        taken, self._asks = self._asks[:count], self._asks[count:]
        return taken

    async def _serve_together(self, asks: list[_Ask[T, R]]) -> None:
        try:
            answers = await self._act([item for ask in asks for item in ask.items])
        except Exception as error:
            await self._serve_apart(asks, error)
            return
        for ask in asks:
            ask.answer.set_result(answers[: len(ask.items)])
            answers = answers[len(ask.items) :]

    async def _serve_apart(self, asks: list[_Ask[T, R]], error: Exception) -> None:
        if len(asks) == 1 or isinstance(error, EVERYBODYS):
            for ask in asks:
                ask.answer.set_exception(error)
            return
        for ask in asks:
            await self._serve_together([ask])
