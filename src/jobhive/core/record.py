"""A job as the store keeps it, before its kind gives params and result their types."""

from typing import NamedTuple

from jobhive.core.outcome import JobError, OnCrash
from jobhive.core.receipt import attempt_of
from jobhive.core.retry import DEFAULT_MAX_RETRIES
from jobhive.core.states import State


class NewJob(NamedTuple):
    """A job to insert; its params have been validated by its kind."""

    job_id: str
    kind: str
    queue: str
    params: str  # JSON text
    priority: int = 0  # higher runs first
    owner: str = ""  # user or token it belongs to; empty while no tokens are configured
    key: str | None = None  # idempotency key, unique per owner for as long as the job is kept
    max_retries: int = DEFAULT_MAX_RETRIES
    on_crash: str = OnCrash.RETRY
    delay_ms: int = 0  # from the store's now; 0 = at once
    run_at_ms: int | None = None  # absolute instant; wins over delay_ms

    @property
    def sort(self) -> tuple[object, ...]:
        """All but id and params: jobs of one sort can be stored together."""
        return self[1:3] + self[4:]


class Inserted(NamedTuple):
    """What became of a `NewJob`."""

    job_id: str  # the earlier job's id where the idempotency key was known
    is_new: bool


class JobRecord(NamedTuple):
    """One job's row; what its state does not have is None. `jobhive.core.job.typed` gives it its state's type."""

    job_id: str
    kind: str
    queue: str
    state: State
    params: str
    priority: int
    owner: str
    key: str | None
    token: int
    failures: int
    crashes: int  # the worker died while this job alone was in flight
    losses: int  # the worker or its machine was lost; no evidence against the job
    max_retries: int
    on_crash: str
    created_at_ms: int
    run_at_ms: int | None  # due time of a scheduled job
    started_at_ms: int | None  # first start; never overwritten
    claimed_at_ms: int | None  # start of the newest attempt
    finished_at_ms: int | None
    lease_until_ms: int | None
    cancel_requested_at_ms: int | None
    worker: str | None  # who runs it, or ran it last
    facts: str | None  # JSON object: what the worker said of itself at the first start, told in `started`
    last_seq: int
    progress: str | None  # JSON text
    result: str | None  # JSON text
    ending: str | None  # JSON object
    error: JobError | None  # of a failed job; of the last failed attempt otherwise
    reason: str | None  # of a cancelled job

    @property
    def attempt(self) -> int:
        """Attempts begun so far."""
        return attempt_of(self.token)


class AttemptRecord(NamedTuple):
    """One attempt that did not end the job, or ended it in failure."""

    attempt: int
    outcome: str  # failed, snoozed, released, crashed, lost, cancelled
    started_at_ms: int
    ended_at_ms: int
    worker: str | None
    error: JobError | None


class JobFilter(NamedTuple):
    """Which jobs to list, newest first. None = any."""

    state: State | None = None
    kind: str | None = None
    queue: str | None = None
    owner: str | None = None


class StreamHead(NamedTuple):
    """What a reader needs from the job's row to tell `started` and the terminal event."""

    job_id: str
    state: State
    last_seq: int
    started_at_ms: int | None
    finished_at_ms: int | None
    facts: str | None
    result: str | None
    ending: str | None
    error: JobError | None
    reason: str | None


class QueueStatus(NamedTuple):
    """A queue's figures at one instant."""

    name: str
    pending: int
    scheduled: int
    waiting: int
    running: int
    oldest_pending_ms: int | None  # age of the longest waiting pending job
    running_limit: int | None  # at most so many run at once
    depth_limit: int | None  # at most so many wait; above it an enqueue is refused
    is_paused: bool


class WorkerRecord(NamedTuple):
    """An active worker as its heartbeats tell it."""

    worker_id: str
    name: str
    node: str
    pid: int
    state: str  # starting, ready, busy, stopping
    queues: tuple[str, ...]
    kinds: tuple[str, ...]
    slots: int
    running: int
    completed: int
    errors: int
    started_at_ms: int
    seen_at_ms: int
    is_retiring: bool  # asked to finish its jobs and exit
