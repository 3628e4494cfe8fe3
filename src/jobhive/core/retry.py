"""When a failed attempt is tried again: pure functions, so that a table can test them."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random

MAX_BACKOFF = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential backoff: `base`·2ⁿ, spread by `jitter` (a share of the delay, 0 to 1), never above `cap`."""

    base: timedelta = timedelta(seconds=1)
    cap: timedelta = MAX_BACKOFF
    jitter: float = 0.1

    def __post_init__(self) -> None:
        if self.base < timedelta(0) or self.cap < timedelta(0):
            raise ValueError(f"a backoff needs base and cap of zero or more, not {self.base} and {self.cap}")
        if not 0 <= self.jitter <= 1:
            raise ValueError(f"a backoff's jitter is a share between 0 and 1, not {self.jitter}")

    def delay(self, failures: int, random: Random) -> timedelta:
        """How long to wait after the `failures`-th failed attempt (1 for the first)."""
        exponent = min(max(failures - 1, 0), 62)
        plain_seconds = min(self.base.total_seconds() * 2**exponent, self.cap.total_seconds())
        spread = plain_seconds * random.uniform(1 - self.jitter, 1 + self.jitter)
        return timedelta(seconds=min(spread, self.cap.total_seconds()))


DEFAULT_BACKOFF = Backoff()
DEFAULT_MAX_RETRIES = 3


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How a kind's failures are answered. `max_retries` travels with the job; the rest stays with the kind."""

    max_retries: int = DEFAULT_MAX_RETRIES
    backoff: Backoff = DEFAULT_BACKOFF
    retry_on: tuple[type[BaseException], ...] = (Exception,)

    def __post_init__(self) -> None:
        if self.max_retries < 0:
            raise ValueError(f"max_retries is a count of zero or more, not {self.max_retries}")

    def covers(self, error: BaseException) -> bool:
        """Whether an exception of this type is worth another attempt."""
        return isinstance(error, self.retry_on)
