"""What every store engine offers, in small protocols, split by who may call them.

Batch-first: a claim returns many, a finish takes many, an append takes many. A method that writes returns only after
its transaction is durable. Times are the store's own clock; durations travel as durations. Engines raise
`StoreUnavailable`, `StoreFull` or `StoreRefused` for their own trouble, and are conformant when they pass
`jobhive.testing.conformance`.

Where an act takes `by`, it names the person or token that asked, and the act is told in the audit log by the same
transaction, unless it was refused or changed nothing. Without it nobody in particular asked, and nothing is told.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Protocol, TypedDict, Unpack

from jobhive.core.audit import AuditEntry, NewEntry
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
from jobhive.core.rescue import Death
from jobhive.core.retention import Retention
from jobhive.core.token import NewToken, TokenRecord
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
    is_suspect: bool  # pending, to be run alone


class Pruned(NamedTuple):
    """What one step through old jobs has done."""

    jobs: int  # deleted
    cursor: str  # where the next step goes on
    is_done: bool  # no job that is old enough is left behind the cursor


class ClaimRequest(NamedTuple):
    """Who claims, and what it can take."""

    worker: str
    queues: Sequence[str]
    kinds: Sequence[str]
    limit: int
    facts: Mapping[str, str] = MappingProxyType(
        {}
    )  # kind → JSON object told in `started`, such as the model it will run
    is_for_suspects: bool = False  # asks for what is to be run alone, and for nothing else


class Limits(TypedDict, total=False):
    """Limits of a queue to set; None = none. What is left out stays as it is."""

    running: int | None  # jobs that run at once
    depth: int | None  # jobs that wait


class SubmitterJobs(Protocol):
    """What whoever creates and watches jobs may call."""

    async def insert(self, jobs: Sequence[NewJob], *, by: str | None = None) -> list[Inserted]:
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

    async def cancel(self, job_id: str, reason: str, *, by: str | None = None) -> JobRecord:
        """Cancels at once what does not run; records a request where it runs; a cancelled job stays so.

        Raises UnknownJob, IllegalTransition (complete or failed).
        """
        ...


class WorkerJobs(Protocol):
    """What a worker may call about jobs. Every write names its receipt and is refused without it."""

    async def claim(self, ask: ClaimRequest) -> list[Claim]:
        """At most `ask.limit` pending jobs, by queue in the order given, then priority, then age. Never waits.

        Suspects are claimed by requests for suspects only; these keep those they leave from being absolved.
        """
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
        """Takes jobs from workers whose lease ran out, by the job's `on_crash`.

        A lease that ends far in the future, as when the clock was set back, is cut to at most ten leases from now.
        """
        ...

    async def rescue_from(self, worker_id: str, death: Death | None = None) -> list[Rescued]:
        """Takes all jobs of a worker known to be dead, by what `jobhive.core.rescue` makes of its death.

        Where its process crashed (seen by its supervisor), jobs in flight become suspects; one that was alone counts a
        crash, and the third fails it; several count a loss each, limit 20, as all do where `death` is None.
        """
        ...

    async def has_suspects(self) -> bool:
        """Whether any job is to be run alone."""
        ...

    async def absolve(self) -> int:
        """Suspects for which nobody has asked for one lease become jobs like any other; returns how many."""
        ...

    async def prune(self, retention: Retention, cursor: str | None, limit: int) -> Pruned:
        """Deletes, with events and attempts, what of the next `limit` old jobs has been kept long enough.

        Steps go through jobs in the order of their arrival and cost no more where history is long. None = from the
        oldest job on. A job that ended late may be behind the cursor by then: go through again now and then.
        """
        ...


class OperatorJobs(Protocol):
    """What an operator may do to jobs and queues."""

    async def retry(self, job_id: str, *, by: str | None = None) -> JobRecord:
        """failed or cancelled → pending with its failures forgotten; reopens the stream.

        Raises UnknownJob, IllegalTransition.
        """
        ...

    async def purge(self, job_id: str, *, by: str | None = None) -> None:
        """Deletes a final job with events and attempts. Raises UnknownJob, IllegalTransition."""
        ...

    async def queues(self) -> list[QueueStatus]:
        """All queues that hold open jobs or have settings, by name."""
        ...

    async def counts(self) -> Mapping[str, int]:
        """Number of jobs by state, all states present."""
        ...

    async def pause(self, queue: str, *, is_paused: bool, by: str | None = None) -> QueueStatus:
        """A paused queue keeps its jobs and accepts new ones; nothing is claimed from it."""
        ...

    async def limit(self, queue: str, *, by: str | None = None, **limits: Unpack[Limits]) -> QueueStatus:
        """Sets the limits that are named, and none beside them."""
        ...


class Jobs(SubmitterJobs, WorkerJobs, UpkeepJobs, OperatorJobs, Protocol):
    """All of them: what an engine implements. Callers ask for the part that is theirs."""


MOST_READ = 65_536  # characters of events: what a reader holds, and what keeps others waiting while it is unpacked


class Events(Protocol):
    """The stored part of streams."""

    async def append(self, appends: Sequence[Append]) -> list[str]:
        """Stores batches under their receipts. Returns ids accepted; a batch stored before counts as such."""
        ...

    async def read(self, job_id: str, after: int, limit: int) -> tuple[StreamHead, list[Chunk]]:
        """Head and at most `limit` chunks with numbers above `after`, from one snapshot. Raises UnknownJob.

        None follows after their text fills `MOST_READ` characters; whether there are more, the head's last number says.
        """
        ...


class Workers(Protocol):
    """Active workers, as their heartbeats tell them."""

    async def beat(self, worker: WorkerRecord) -> bool:
        """Writes a sign of life; returns whether the worker was asked to retire. The first is told in the audit log."""
        ...

    async def leave(self, worker_id: str) -> None:
        """Forgets a worker that stopped, and tells so in the audit log."""
        ...

    async def active(self) -> list[WorkerRecord]:
        """Those whose last sign of life is not older than one lease, oldest first."""
        ...

    async def retire(self, worker_id: str, *, by: str | None = None) -> WorkerRecord:
        """Asks a worker to finish its jobs and exit. Raises UnknownWorker."""
        ...

    async def dead(self) -> list[str]:
        """Worker ids on this machine known to be gone (their file lock is free). Empty where that cannot be known."""
        ...

    async def prune(self) -> int:
        """Forgets workers silent for long, or last seen far in the future; returns how many.

        The audit log tells them as lost.
        """
        ...


class Tokens(Protocol):
    """Access tokens. Their rows stay for good: a store that ever had one asks everybody for theirs."""

    async def add(self, token: NewToken, *, by: str) -> TokenRecord:
        """Stores a new token."""
        ...

    async def list(self) -> list[TokenRecord]:
        """All of them, oldest first, also those that hold no longer."""
        ...

    async def revoke(self, token_id: str, *, by: str) -> TokenRecord:
        """Ends a token for good; a revoked one stays as it is. Raises UnknownToken."""
        ...

    async def touch(self, token_id: str) -> None:
        """Notes that the token is in use now."""
        ...


class Audit(Protocol):
    """The log of who did what. Nothing in it is changed or deleted; only the seal is added."""

    async def record(self, entries: Sequence[NewEntry]) -> None:
        """Writes entries of their own; acts on jobs, queues, workers and tokens write theirs themselves."""
        ...

    async def seal(self, limit: int) -> int:
        """Chains at most `limit` unsealed entries, oldest first (`core.audit.link`); returns how many it did."""
        ...

    async def read(self, after: int, limit: int) -> list[AuditEntry]:
        """Entries with numbers above `after`, in their order."""
        ...

    async def newest(self, limit: int) -> list[AuditEntry]:
        """The last entries, in their order."""
        ...


class Migration(NamedTuple):
    """One step from a schema to the next."""

    name: str  # such as `0001_jobs`; they are applied in the order of their names
    sql: str


class Schema(Protocol):
    """The tables of a store, whether or not it is open: what there is, and what is to come."""

    def migrations(self) -> Sequence[Migration]:
        """All that this Jobhive knows, in order."""
        ...

    async def version(self) -> int:
        """How many of them the database has; 0 where there is none yet. Changes nothing.

        Raises StoreRefused for what is not ours or newer than this Jobhive, StoreUnavailable.
        """
        ...

    async def migrate(self) -> Sequence[Migration]:
        """Applies those that are missing, all or none, and returns them. Raises StoreError."""
        ...


class Store(Protocol):
    """One opened store. `open` before use, `close` after; both are idempotent."""

    url: str  # without secrets
    clock: Clock
    lease: timedelta  # how long a claim holds without renewal
    signals: Signals
    beside: Path  # folder on this machine, apart from the data: keys, checkpoints, what processes tell each other

    @property
    def jobs(self) -> Jobs: ...

    @property
    def events(self) -> Events: ...

    @property
    def workers(self) -> Workers: ...

    @property
    def schema(self) -> Schema: ...

    @property
    def tokens(self) -> Tokens: ...

    @property
    def audit(self) -> Audit: ...

    async def open(self) -> None:
        """Opens and migrates. Raises StoreRefused, StoreUnavailable, StoreFull."""
        ...

    async def close(self) -> None:
        """Answers what is under way, then releases everything."""
        ...

    def hold(self, worker_id: str, supervisor_id: str | None = None) -> "Liveness":
        """Takes the sign by which others on this machine see at once that the worker's process is gone.

        With a supervisor, which holds a sign of its own, they see it only once that is gone too: until then it is the
        supervisor who knows how the worker ended, and takes its jobs back.
        """
        ...

    async def check(self) -> Mapping[str, str]:
        """Deep health: what was checked and what it said. Raises StoreError where something is wrong."""
        ...

    async def sizes(self) -> Mapping[str, int]:
        """Bytes on disk, by what takes them; also where it is not open."""
        ...

    async def backup(self, path: Path) -> None:
        """Writes a copy of the store as of now to a new file, while work goes on.

        Also where it is not open: nothing is migrated. Once it returns the copy is complete, checked and durable; where
        it raises there is no file.
        Raises StoreRefused where the file exists or the engine has tools of its own for this, StoreFull, StoreError.
        """
        ...


class Liveness(Protocol):
    """A sign of life that the operating system takes back when the process ends."""

    def release(self) -> None: ...
