"""A connection that speaks in our named statements. The one place where rows come out of apsw untyped."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import apsw

from jobhive.store.rows import Row
from jobhive.store.sqlite.statements import sql

Bindings = Mapping[str, object] | Sequence[object]


class Database:
    """Runs `sql/<name>.sql`. Positional bindings stand in the order in which the statement first names them."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = cast(Any, connection)

    def run(self, name: str, bindings: Bindings = ()) -> None:
        """Performs a statement that answers nothing."""
        self._connection.execute(sql(name), bindings)

    def all(self, name: str, bindings: Bindings = ()) -> list[Row]:
        """All rows of the answer."""
        return cast("list[Row]", self._connection.execute(sql(name), bindings).fetchall())

    def each(self, name: str, bindings: Bindings = ()) -> Iterator[Row]:
        """The rows one by one; those that nobody asks for are not read."""
        return cast("Iterator[Row]", self._connection.execute(sql(name), bindings))

    def one(self, name: str, bindings: Bindings = ()) -> Row | None:
        """The first row, or None."""
        return cast("Row | None", self._connection.execute(sql(name), bindings).fetchone())

    def value(self, name: str, bindings: Bindings = ()) -> Any:
        """The first column of the first row; None where there is no row."""
        row = self.one(name, bindings)
        return None if row is None else row[0]

    def many(self, name: str, rows: Iterable[Bindings]) -> list[Row]:
        """Performs a statement for each of the bindings; all rows of all answers."""
        return cast("list[Row]", self._connection.executemany(sql(name), rows).fetchall())

    def changed(self, name: str, bindings: Bindings = ()) -> int:
        """Performs a statement; how many rows it changed. Cheaper than RETURNING them."""
        before: int = self._connection.total_changes()
        self._connection.execute(sql(name), bindings)
        return cast(int, self._connection.total_changes() - before)

    def script(self, text: str) -> None:
        """Performs statements that have no file of their own: migrations, pragmas, BEGIN and COMMIT."""
        self._connection.execute(text)

    def ask(self, text: str, bindings: Bindings = ()) -> list[Row]:
        """Rows of a statement put together at run time."""
        return cast("list[Row]", self._connection.execute(text, bindings).fetchall())

    def pragma(self, name: str) -> Any:
        """A setting's value."""
        return self._connection.pragma(name)

    @property
    def is_in_transaction(self) -> bool:
        """Whether BEGIN was not yet followed by COMMIT or ROLLBACK."""
        return bool(self._connection.in_transaction)

    def close(self) -> None:
        """Ends the connection, whatever state it is in; what it has not committed is undone."""
        self._connection.close(True)
