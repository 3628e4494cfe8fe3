"""What every store engine offers, in small protocols, split by who may call them.

Batch-first: a claim returns many, a finish takes many, an append takes many. A method that writes returns only after
its transaction is durable. Times are the store's own clock; durations travel as durations. Engines raise
`StoreUnavailable`, `StoreFull` or `StoreRefused` for their own trouble, and are conformant when they pass
`jobhive.testing.conformance`.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import NamedTuple, Protocol, TypedDict, Unpack

from jobhive.core.clock import Clock
from jobhive.core.event import Append, Chunk
from jobhive.core.outcome import Move
from jobhive.core.receipt import Claim, Receipt
from jobhive.core.record import (
    AttemptRecord,
    Inserted,
    JobFilter,
    JobRecord,
    NewJob,
    QueueStatus,
    StreamHead,
    WorkerRecord,
)
from jobhive.store.signals import Signals


class Page(NamedTuple):
    """Part of a listing, newest first."""

    jobs: list[JobRecord]
    cursor: str | None  # hand it back for the next page; None at the end


class Rescued(NamedTuple):
    """A job taken from a worker that gave no sign, or that is known to be dead."""

    job_id: str
    worker: str
    verdict: str  # pending, failed or cancelled: where the job went
    silence: timedelta  # since its last renewal


class ClaimRequest(NamedTuple):
    """Who claims, and what it can take."""

    worker: str
    queues: Sequence[str]
    kinds: Sequence[str]
    limit: int
    facts: Mapping[str, str] = MappingProxyType(
        {}
    )  # kind → JSON object told in `started`, such as the model it will run


class Limits(TypedDict, total=False):
    """Limits of a queue to set; None = none. What is left out stays as it is."""

    running: int | None  # jobs that run at once
    depth: int | None  # jobs that wait


class SubmitterJobs(Protocol):
    """What whoever creates and watches jobs may call."""

    async def insert(self, jobs: Sequence[NewJob]) -> list[Inserted]:
        """Stores all or none, in order. Raises KeyReused, QueueFull.

        An id that is already stored is a repeated call and succeeds. A known idempotency key gives the earlier job.
        """
        ...

    async def get(self, job_ids: Sequence[str]) -> list[JobRecord]:
        """The jobs that exist, in the order asked."""
        ...

    async def attempts(self, job_id: str) -> list[AttemptRecord]:
        """The attempts that did not complete the job, oldest first."""
        ...

    async def list(self, where: JobFilter, limit: int, cursor: str | None) -> Page:
        """Jobs that match, newest first. Raises InvalidInput for a cursor that is not ours."""
        ...

    async def cancel(self, job_id: str, reason: str) -> JobRecord:
        """Cancels at once what does not run; records a request where it runs; a cancelled job stays so.

        Raises UnknownJob, IllegalTransition (complete or failed).
        """
        ...


class WorkerJobs(Protocol):
    """What a worker may call about jobs. Every write names its receipt and is refused without it."""

    async def claim(self, ask: ClaimRequest) -> list[Claim]:
        """At most `ask.limit` pending jobs, by queue in the order given, then priority, then age. Never waits."""
        ...

    async def peek(self, queues: Sequence[str], kinds: Sequence[str], limit: int) -> list[JobRecord]:
        """The jobs that `claim` would take, without taking them: for workers that choose."""
        ...

    async def claim_one(self, job_id: str, ask: ClaimRequest) -> Claim | None:
        """Claims just this job if it is still pending; `queues`, `kinds` and `limit` of the request are not read."""
        ...

    async def renew(self, receipts: Sequence[Receipt]) -> list[str]:
        """Extends the leases by one lease from now. Returns ids that are still ours."""
        ...

    async def finish(self, moves: Sequence[Move]) -> list[str]:
        """Writes what attempts led to. Returns ids accepted; a move already written under its token counts as such."""
        ...

    async def cancel_requests(self, receipts: Sequence[Receipt]) -> list[str]:
        """Which of these running jobs somebody asked to cancel."""
        ...


class UpkeepJobs(Protocol):
    """Duties that keep jobs moving. Each is safe with any number of callers: the statement is the lock."""

    async def stage(self, limit: int) -> int:
        """Moves due scheduled jobs to pending; returns how many."""
        ...

    async def next_due(self) -> timedelta | None:
        """Time until the next scheduled job is due (zero if overdue); None if there is none."""
        ...

    async def rescue(self, limit: int) -> list[Rescued]:
        """Takes jobs from workers whose lease ran out, by the job's `on_crash`."""
        ...

    async def rescue_from(self, worker_id: str, *, is_crash: bool) -> list[Rescued]:
        """Takes all jobs of a worker known to be dead.

        With `is_crash` (its own process died, seen by its supervisor) a job that was alone in flight counts a crash,
        and the third fails it; in all other cases it counts a loss, limit 20.
        """
        ...


class OperatorJobs(Protocol):
    """What an operator may do to jobs and queues."""

    async def retry(self, job_id: str) -> JobRecord:
        """failed or cancelled → pending with its failures forgotten; reopens the stream.

        Raises UnknownJob, IllegalTransition.
        """
        ...

    async def purge(self, job_id: str) -> None:
        """Deletes a final job with events and attempts. Raises UnknownJob, IllegalTransition."""
        ...

    async def queues(self) -> list[QueueStatus]:
        """All queues that hold open jobs or have settings, by name."""
        ...

    async def counts(self) -> Mapping[str, int]:
        """Number of jobs by state, all states present."""
        ...

    async def pause(self, queue: str, *, is_paused: bool) -> QueueStatus:
        """A paused queue keeps its jobs and accepts new ones; nothing is claimed from it."""
        ...

    async def limit(self, queue: str, **limits: Unpack[Limits]) -> QueueStatus:
        """Sets the limits that are named, and none beside them."""
        ...


class Jobs(SubmitterJobs, WorkerJobs, UpkeepJobs, OperatorJobs, Protocol):
    """All of them: what an engine implements. Callers ask for the part that is theirs."""


class Events(Protocol):
    """The stored part of streams."""

    async def append(self, appends: Sequence[Append]) -> list[str]:
        """Stores batches under their receipts. Returns ids accepted; a batch stored before counts as such."""
        ...

    async def read(self, job_id: str, after: int, limit: int) -> tuple[StreamHead, list[Chunk]]:
        """Head and at most `limit` chunks with numbers above `after`, from one snapshot. Raises UnknownJob."""
        ...


class Workers(Protocol):
    """Active workers, as their heartbeats tell them."""

    async def beat(self, worker: WorkerRecord) -> bool:
        """Writes a sign of life (first one included). Returns whether the worker was asked to retire."""
        ...

    async def leave(self, worker_id: str) -> None:
        """Forgets a worker that stopped."""
        ...

    async def active(self) -> list[WorkerRecord]:
        """Those whose last sign of life is not older than one lease, oldest first."""
        ...

    async def retire(self, worker_id: str) -> WorkerRecord:
        """Asks a worker to finish its jobs and exit. Raises UnknownWorker."""
        ...

    async def dead(self) -> list[str]:
        """Worker ids on this machine known to be gone (their file lock is free). Empty where that cannot be known."""
        ...

    async def prune(self) -> int:
        """Forgets workers silent for long; returns how many."""
        ...


class Store(Protocol):
    """One opened store. `open` before use, `close` after; both are idempotent."""

    url: str  # without secrets
    clock: Clock
    lease: timedelta  # how long a claim holds without renewal
    signals: Signals

    @property
    def jobs(self) -> Jobs: ...

    @property
    def events(self) -> Events: ...

    @property
    def workers(self) -> Workers: ...

    async def open(self) -> None:
        """Opens and migrates. Raises StoreRefused, StoreUnavailable, StoreFull."""
        ...

    async def close(self) -> None:
        """Answers what is under way, then releases everything."""
        ...

    def hold(self, worker_id: str) -> "Liveness":
        """Takes the sign by which others on this machine see at once that the worker's process is gone."""
        ...

    async def check(self) -> Mapping[str, str]:
        """Deep health: what was checked and what it said. Raises StoreError where something is wrong."""
        ...


class Liveness(Protocol):
    """A sign of life that the operating system takes back when the process ends."""

    def release(self) -> None: ...
