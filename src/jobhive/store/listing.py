"""Listings of the engines with tables: what narrows one, and how its pages follow each other."""

from collections.abc import Sequence

from jobhive.core.errors import FieldError, InvalidInput
from jobhive.core.record import JobFilter
from jobhive.store.port import Page
from jobhive.store.rows import Row, to_record


def foreign_cursor() -> InvalidInput:
    """What to raise for a cursor that no page of this engine ended with."""
    error = FieldError("cursor", "cursor", "use the cursor of the page before, unchanged")
    return InvalidInput("the listing cannot go on", [error])


def narrowed(statement: str, where: JobFilter) -> tuple[str, dict[str, object]]:
    """The listing statement with its conditions, and the values that these name."""
    named = {name: value for name, value in where._asdict().items() if value is not None}
    conditions = "".join(f" AND {name} = :{name}" for name in named if name != "state")
    if where.owner:
        conditions += " AND owner <> ''"  # lets the owners' index serve it
    if where.state is not None:
        conditions += f" AND state = '{where.state.value}'"  # literal, so that a partial index can serve it
    return statement.replace("/* conditions */", conditions), named


def to_page(rows: Sequence[Row], limit: int) -> Page:
    """A page of so many jobs at most; each row ends with what the listing goes by."""
    cursor = str(rows[-1][-1]) if rows and len(rows) == limit else None
    return Page([to_record(row) for row in rows], cursor)
