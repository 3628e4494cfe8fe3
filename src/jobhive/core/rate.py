"""How often a token may call: so many calls a second, minute or hour, as a bucket that fills evenly."""

import re
from typing import NamedTuple, Self

from jobhive.core.errors import FieldError, InvalidInput

_SECONDS = {"s": 1, "min": 60, "h": 3600}
PATTERN = "[1-9][0-9]{0,8}/(s|min|h)"


class Rate(NamedTuple):
    """At most so many calls at once, and as many again in each unit of time."""

    calls: int
    unit: str  # s, min or h

    @classmethod
    def parse(cls, text: str) -> Self:
        """From text such as `600/min`. Raises InvalidInput."""
        if re.fullmatch(PATTERN, text) is None:
            message = "a rate is written N/s, N/min or N/h, such as 600/min"
            raise InvalidInput("the rate is not valid", [FieldError("rate", "rate", message)])
        calls, _, unit = text.partition("/")
        return cls(int(calls), unit)

    def __str__(self) -> str:
        return f"{self.calls}/{self.unit}"

    @property
    def per_second(self) -> float:
        """Calls that come back in each second."""
        return self.calls / _SECONDS[self.unit]


class Bucket(NamedTuple):
    """Calls that are left, as of an instant."""

    left: float
    at: float  # seconds of a clock that never goes back


class Taken(NamedTuple):
    """What a call found."""

    bucket: Bucket
    wait: float  # seconds until the next call can succeed; 0 = this one did


def full(rate: Rate, now: float) -> Bucket:
    """The bucket of somebody who has not called yet."""
    return Bucket(float(rate.calls), now)


def take(bucket: Bucket, rate: Rate, now: float) -> Taken:
    """One call; a refused one costs nothing."""
    left = min(float(rate.calls), bucket.left + (now - bucket.at) * rate.per_second)
    if left >= 1:
        return Taken(Bucket(left - 1, now), 0.0)
    return Taken(Bucket(left, now), (1 - left) / rate.per_second)
