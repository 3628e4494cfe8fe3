"""Everything Jobhive raises on purpose. `code` is stable: programs may branch on it, texts may improve."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from jobhive.core.likeness import meant
from jobhive.core.states import State


class FieldError(NamedTuple):
    """One thing wrong with one input field. Never carries the value: it may be secret or huge."""

    field: str  # dotted path, such as `params.max_tokens`
    constraint: str  # machine-readable rule that was broken, such as `less_than_equal`
    message: str  # what is allowed, for a person


class JobhiveError(Exception):
    """Base of all errors that Jobhive raises on purpose."""

    code: str = "JOBHIVE_ERROR"


class InvalidInput(JobhiveError):
    """The caller's input breaks one or more rules; all of them are listed, none is echoed."""

    code = "INVALID_REQUEST"

    def __init__(self, what: str, errors: Sequence[FieldError]) -> None:
        self.what = what
        self.errors = tuple(errors)
        listed = "; ".join(f"{error.field}: {error.message}" for error in self.errors)
        super().__init__(f"{what}: {listed}")


class UnknownKind(JobhiveError):
    """No kind of that name is registered in this application."""

    code = "UNKNOWN_KIND"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        names = ", ".join(sorted(known)) or "none"
        super().__init__(f"no kind named {name[:100]!r} is registered here; known kinds: {names}{meant(name, known)}")


class UnknownJob(JobhiveError):
    """There is no job of that id (or it was purged)."""

    code = "UNKNOWN_JOB"

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(f"there is no job {job_id[:100]!r}; it may have been purged")


class UnknownWorker(JobhiveError):
    """There is no active worker of that id."""

    code = "UNKNOWN_WORKER"

    def __init__(self, worker_id: str) -> None:
        super().__init__(f"there is no active worker {worker_id[:100]!r}; list them with `jobhive worker active ls`")


class UnknownToken(JobhiveError):
    """There is no token of that id."""

    code = "UNKNOWN_TOKEN"

    def __init__(self, token_id: str) -> None:
        super().__init__(f"there is no token {token_id[:100]!r}; list them with `jobhive token ls`")


class IllegalTransition(JobhiveError):
    """The job's state does not allow what was asked."""

    code = "ILLEGAL_TRANSITION"

    def __init__(self, job_id: str, state: State, wanted: str, since: datetime | None, advice: str) -> None:
        self.job_id, self.state = job_id, state
        clock = f" since {since:%Y-%m-%d %H:%M:%S} UTC" if since else ""
        super().__init__(f"{job_id} is {state}{clock} and cannot be {wanted}; {advice}")


class KeyReused(JobhiveError):
    """An idempotency key came again with another kind or other params."""

    code = "KEY_REUSED"

    def __init__(self, key: str, job_id: str) -> None:
        self.key, self.job_id = key, job_id
        super().__init__(
            f"the idempotency key {key[:100]!r} belongs to {job_id}, which has another kind or other params; "
            "use a new key for new work"
        )


class QueueFull(JobhiveError):
    """The queue's depth limit is reached; nothing was enqueued."""

    code = "QUEUE_FULL"

    def __init__(self, queue: str, depth: int, limit: int, retry_after_seconds: int) -> None:
        self.queue, self.retry_after_seconds = queue, retry_after_seconds
        super().__init__(
            f"queue {queue!r} holds {depth} of at most {limit} waiting jobs; try again in about {retry_after_seconds} s"
        )


class LeaseLost(JobhiveError):
    """The job belongs to somebody else now: the write was refused and the work is to be thrown away."""

    code = "LEASE_LOST"

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(f"{job_id} is no longer ours: its lease ran out or it was given back; this attempt is void")


class WorkerFailed(JobhiveError):
    """A worker met a defect and works no more. Its jobs are taken back; its process should end."""

    code = "WORKER_FAILED"

    def __init__(self, name: str, why: BaseException) -> None:
        super().__init__(f"{name} met a defect and works no more: {type(why).__name__}: {why}; its jobs are taken back")


class StoreError(JobhiveError):
    """The store cannot do what was asked; what was acknowledged before is safe."""

    code = "STORE_ERROR"


class StoreUnavailable(StoreError):
    """The store does not answer for the moment; the same call may succeed later."""

    code = "STORE_UNAVAILABLE"


class StoreFull(StoreError):
    """No room to write. Reads still work; writes work again once there is room."""

    code = "STORE_FULL"


class StoreRefused(StoreError):
    """The store must not be used as it is: a file of another program, a newer schema, a network file system, damage."""

    code = "STORE_REFUSED"


class WrongStoreUrl(StoreRefused):
    """What was given as the store's address is none; nothing was opened."""

    code = "WRONG_STORE_URL"
