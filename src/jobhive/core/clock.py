"""Time as the store tells it: epoch milliseconds inside, aware UTC datetimes outside."""

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """The host's wall clock plus an offset that only tests set (`jobhive.testing.advance`)."""

    def __init__(self) -> None:
        self.offset_ms = 0  # owned by tests; zero for a clock's whole life in production

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1_000_000 + self.offset_ms

    def now(self) -> datetime:
        """The same instant as an aware datetime."""
        return from_ms(self.now_ms())

    def advance(self, by: timedelta) -> None:
        """Moves this clock, forwards or backwards. For tests."""
        self.offset_ms += to_milliseconds(by)


def from_ms(epoch_ms: int) -> datetime:
    """Epoch milliseconds as an aware UTC datetime."""
    return datetime.fromtimestamp(epoch_ms / 1000, UTC)


def to_ms(instant: datetime) -> int:
    """An aware datetime as epoch milliseconds. Raises ValueError for a naive one: its zone would be a guess."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone; use an aware datetime, such as datetime.now(UTC)")
    return round(instant.timestamp() * 1000)


def to_milliseconds(duration: timedelta) -> int:
    """A duration in whole milliseconds, rounded to the nearest."""
    return round(duration.total_seconds() * 1000)
