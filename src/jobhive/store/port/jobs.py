"""Jobs, as each of their callers may ask."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import NamedTuple, Protocol, TypedDict, Unpack

from jobhive.core.outcome import Move
from jobhive.core.receipt import Claim, Receipt
from jobhive.core.record import AttemptRecord, Inserted, JobFilter, JobRecord, NewJob, QueueStatus
from jobhive.core.rescue import Death
from jobhive.core.retention import Retention


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
        """Jobs that match, newest first. Raises InvalidInput for a limit below 1 and for a foreign cursor."""
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
        """The jobs that may be taken, in `claim`'s order, without taking them: for workers that choose.

        Of a queue whose running limit leaves room for one all are told: which of them is wanted is not known here.
        """
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
        """All queues that hold open jobs or have settings, by name. Counts their jobs, all of them."""
        ...

    async def counts(self) -> Mapping[str, int]:
        """Number of jobs by state, all states present."""
        ...

    async def pause(self, queue: str, *, is_paused: bool, by: str | None = None) -> None:
        """A paused queue keeps its jobs and accepts new ones; nothing is claimed from it."""
        ...

    async def limit(self, queue: str, *, by: str | None = None, **limits: Unpack[Limits]) -> None:
        """Sets the limits that are named, and none beside them."""
        ...


class Jobs(SubmitterJobs, WorkerJobs, UpkeepJobs, OperatorJobs, Protocol):
    """All of them: what an engine implements. Callers ask for the part that is theirs."""
