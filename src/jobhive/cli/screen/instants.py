"""Instants as they are typed: how long ago (`10m`, `1h30m`), or a date and time (`2026-01-31T14:00`)."""

import re
from datetime import UTC, datetime, timedelta

from jobhive.cli.exits import CommandError, Exit

_PART = r"(\d+(?:\.\d+)?)(ms|s|min|m|h|d)"
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}


def read_instant(text: str | None) -> datetime | None:
    """None stays None. A time without a zone is the local one. Raises CommandError."""
    if text is None:
        return None
    if re.fullmatch(f"(?:{_PART})+", text):
        seconds = sum(float(number) * _UNITS[unit] for number, unit in re.findall(_PART, text))
        return datetime.now(UTC) - timedelta(seconds=seconds)
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        advice = "write how long ago, such as 10m or 1h30m, or a time such as 2026-01-31T14:00"
        raise CommandError(f"{text!r} is no point in time; {advice}", Exit.USAGE) from None
