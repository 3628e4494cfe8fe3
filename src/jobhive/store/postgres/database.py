"""A connection that speaks in our named statements. The one place where the driver's rows come out untyped."""

from collections.abc import Mapping
from typing import Any, cast

from jobhive.store.postgres.statements import Statement, numbered, statement
from jobhive.store.rows import Row

Bindings = Mapping[str, object]

_NUL, _SYMBOL_FOR_NUL = "\x00", "\u2400"


class Database:
    """Runs `sql/<name>.sql` on one connection of the pool."""

    def __init__(self, connection: object, offset_ms: int, *, replaces_nul: bool = False) -> None:
        self._connection = cast(Any, connection)
        self._offset_ms = offset_ms  # of the store's clock; every statement may ask for it
        self._replaces_nul = replaces_nul

    async def all(self, name: str, bindings: Bindings | None = None) -> list[Row]:
        """All rows of the answer."""
        return await self._fetch(statement(name), bindings or {})

    async def ask(self, text: str, bindings: Bindings) -> list[Row]:
        """The same for a statement put together at run time."""
        return await self._fetch(numbered(text), bindings)

    async def one(self, name: str, bindings: Bindings | None = None) -> Row | None:
        """The first row, or None."""
        rows = await self.all(name, bindings)
        return rows[0] if rows else None

    async def value(self, name: str, bindings: Bindings | None = None) -> Any:
        """The first column of the first row; None where there is no row."""
        row = await self.one(name, bindings)
        return None if row is None else row[0]

    async def _fetch(self, asked: Statement, bindings: Bindings) -> list[Row]:
        values = [self._offset_ms if name == "offset" else bindings[name] for name in asked.names]
        if self._replaces_nul:
            values = [_without_nul(value) for value in values]
        return cast("list[Row]", await self._connection.fetch(asked.text, *values))


def _without_nul(value: object) -> object:
    """PostgreSQL's texts hold every character but one."""
    if isinstance(value, str):
        return value.replace(_NUL, _SYMBOL_FOR_NUL)
    if isinstance(value, list):
        return [_without_nul(each) for each in cast("list[object]", value)]
    return value
