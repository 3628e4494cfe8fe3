"""How a job is to be enqueued, beyond its params."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from jobhive.client.steering import LONGEST
from jobhive.core.clock import to_milliseconds, to_ms
from jobhive.core.errors import FieldError, InvalidInput
from jobhive.core.ids import new_job_ids
from jobhive.core.kind import QUEUE_NAME, Kind
from jobhive.core.outcome import storable
from jobhive.core.record import NewJob

_KEY_LENGTH = 512
_PRIORITIES = range(-32_768, 32_768)
_MOST_RETRIES = 1_000


@dataclass(frozen=True, slots=True)
class Options:
    """Raises InvalidInput, with every error, when made of values that cannot be."""

    queue: str | None = None  # None: the kind's own
    priority: int = 0  # higher runs first
    delay: timedelta | float | None = None  # seconds if a number
    run_at: datetime | None = None  # aware; not together with delay
    key: str | None = None  # idempotency key: the same key again gives the same job
    max_retries: int | None = None  # None: the kind's own

    def __post_init__(self) -> None:
        errors = [error for error in self._errors() if error is not None]
        if errors:
            raise InvalidInput("the job's options are not valid", errors)

    @property
    def delay_ms(self) -> int:
        """The delay in milliseconds; 0 for none."""
        return to_milliseconds(timedelta(seconds=self._delay_seconds))

    @property
    def _delay_seconds(self) -> float:
        return self.delay.total_seconds() if isinstance(self.delay, timedelta) else self.delay or 0.0

    def _errors(self) -> list[FieldError | None]:
        return [
            _unless(
                self.queue is None or bool(QUEUE_NAME.fullmatch(self.queue)), "queue", f"match {QUEUE_NAME.pattern}"
            ),
            _unless(self.priority in _PRIORITIES, "priority", "an integer from -32768 to 32767"),
            _unless(
                0 <= self._delay_seconds <= LONGEST.total_seconds(), "delay", "zero to a hundred years, in seconds"
            ),
            _unless(self.run_at is None or self.run_at.tzinfo is not None, "run_at", "an instant with its time zone"),
            _unless(self.run_at is None or self.delay is None, "run_at", "either run_at or delay, not both"),
            _unless(self.key is None or _is_key(self.key), "key", f"1 to {_KEY_LENGTH} characters of Unicode, no NUL"),
            _unless(self.max_retries is None or 0 <= self.max_retries <= _MOST_RETRIES, "max_retries", "0 to 1000"),
        ]


def _is_key(key: str) -> bool:
    return 0 < len(key) <= _KEY_LENGTH and storable(key) == key and "\0" not in key  # which not every store can keep


def _unless(is_fine: bool, field: str, allowed: str) -> FieldError | None:
    return None if is_fine else FieldError(field, "out_of_range", f"allowed is {allowed}")


DEFAULT_OPTIONS = Options()


def new_jobs(kind: Kind, params: Sequence[str], options: Options = DEFAULT_OPTIONS, owner: str = "") -> list[NewJob]:
    """The jobs to insert, one for each of the JSON texts, which the kind has validated."""
    alike = NewJob(
        job_id="",
        kind=kind.name,
        queue=options.queue or kind.queue,
        params="",
        priority=options.priority,
        owner=owner,
        key=options.key,
        max_retries=kind.retry.max_retries if options.max_retries is None else options.max_retries,
        on_crash=kind.on_crash.value,
        delay_ms=options.delay_ms,
        run_at_ms=None if options.run_at is None else to_ms(options.run_at),
    )
    ids = new_job_ids(len(params))
    return [NewJob(job_id, alike.kind, alike.queue, text, *alike[4:]) for job_id, text in zip(ids, params, strict=True)]
