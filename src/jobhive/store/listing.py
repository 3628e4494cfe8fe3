"""Listings of the engines with tables: what narrows one, and how its pages follow each other."""

import re
from collections.abc import Callable, Sequence

from jobhive.core.errors import FieldError, InvalidInput
from jobhive.core.record import JobFilter
from jobhive.core.states import State
from jobhive.store.port import Page
from jobhive.store.rows import Row, to_record

_DIGITS = 39  # of a number of 128 bits
_MOST_LISTED = 2**31 - 1
_AFTER_ALL: int = 10**_DIGITS  # no job's number comes later
_OF_STATE = re.compile(r"/\* (\w+): (.*?) \*/")  # a condition of the engine's own, for listings of this state


def begin_of_page(limit: int, cursor: str | None) -> int:
    """The number of the last job that was listed: those before it are the next page, so many at most.

    Raises InvalidInput for a page of none and for a cursor that is not ours.
    """
    if not 0 < limit <= _MOST_LISTED:
        error = FieldError("limit", "range", f"{limit} is not from 1 to {_MOST_LISTED}")
        raise InvalidInput("nothing can be listed", [error])
    if cursor is None:
        return _AFTER_ALL
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _DIGITS):
        error = FieldError("cursor", "cursor", "use the cursor of the page before, unchanged")
        raise InvalidInput("the listing cannot go on", [error])
    return int(cursor)


def narrowed(statement: str, where: JobFilter) -> tuple[str, dict[str, object]]:
    """The listing statement with its conditions, and the values that these name."""
    named = {name: value for name, value in where._asdict().items() if value is not None}
    conditions = "".join(f" AND {name} = :{name}" for name in named if name != "state")
    if where.owner and where.state is not State.RUNNING:  # an owner may have much history; what runs is few
        conditions += " AND owner <> ''"  # lets the owners' index serve it
    if where.state is not None:
        conditions += f" AND state = '{where.state.value}'"  # literal, so that a partial index can serve it
    statement = _OF_STATE.sub(lambda found: found[2] if found[1] == where.state else "", statement)
    return statement.replace("/* conditions */", conditions), named


def to_page(rows: Sequence[Row], limit: int, number: Callable[[Row], int]) -> Page:
    """A page of so many jobs at most, listed by their numbers."""
    cursor = str(number(rows[-1])) if rows and len(rows) == limit else None
    return Page([to_record(row) for row in rows], cursor)
