"""What a handler raises to say how its attempt ends. Any other exception is a failed attempt."""

from datetime import timedelta

from jobhive.core.errors import JobhiveError
from jobhive.core.outcome import storable

LONGEST = timedelta(days=100 * 366)


class Steering(JobhiveError):
    """Base of the four signals."""


class Retry(Steering):
    """A failed attempt that wants another one, after `after` (timedelta or seconds) or the kind's backoff."""

    code = "RETRY_ASKED"

    def __init__(
        self, reason: str = "the handler asked for another attempt", *, after: timedelta | float | None = None
    ) -> None:
        super().__init__(reason)
        self.after = None if after is None else as_timedelta(after, "Retry(after=…)")


class Snooze(Steering):
    """Not now: run the job again after `delay` (timedelta or seconds). No attempt is spent."""

    code = "SNOOZED"

    def __init__(self, delay: timedelta | float) -> None:
        self.delay = as_timedelta(delay, "Snooze(…)")
        super().__init__(f"the handler asked to be run again in {self.delay}")


class Cancel(Steering):
    """The job is not wanted any more: it becomes `cancelled`."""

    code = "CANCELLED"

    def __init__(self, reason: str = "cancelled by its handler") -> None:
        super().__init__(reason)
        self.reason = storable(reason)


class CancelNoticed(Cancel):
    """Raised by `check_cancelled`: the handler saw that it is to stop. What becomes of the job, its worker knows."""

    def __init__(self) -> None:
        super().__init__("cancel requested")


class Discard(Steering):
    """The job cannot succeed: it becomes `failed` at once, whatever retries are left."""

    code = "DISCARDED"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def as_timedelta(duration: timedelta | float, what: str) -> timedelta:
    """Seconds or a timedelta as a timedelta. Raises ValueError below zero and above a hundred years."""
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    if not 0 <= seconds <= LONGEST.total_seconds():
        raise ValueError(f"{what} takes a duration from zero to a hundred years, not {duration}")
    return timedelta(seconds=seconds)
