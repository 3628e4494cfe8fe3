"""Cursors of listings, as the engines with tables hand them out: the number of the last job that was listed."""

from jobhive.core.errors import FieldError, InvalidInput

_NO_CURSOR = 1 << 62  # before the newest job
_DIGITS = 18


def read_cursor(cursor: str | None) -> int:
    """Jobs that arrived before it are the next page. Raises InvalidInput for a cursor that is not ours."""
    if cursor is None:
        return _NO_CURSOR
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _DIGITS):
        error = FieldError("cursor", "cursor", "use the cursor of the page before, unchanged")
        raise InvalidInput("the listing cannot go on", [error])
    return int(cursor)
