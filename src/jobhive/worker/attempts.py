"""The attempts that this worker has in flight: who holds what, and how to stop it."""

import asyncio
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from enum import IntEnum

from jobhive.client.context import Context
from jobhive.client.handler import Handler, Style
from jobhive.core.receipt import Claim, Receipt
from jobhive.narration import narrate


class Stop(IntEnum):
    """Why an attempt was interrupted from outside; where there are several reasons, the last of these counts."""

    RELEASE = 1  # the worker ends; the job goes back
    CANCEL = 2  # somebody asked for it
    DOUBT = 3  # the lease could not be renewed; the job goes back if it is still ours once the store answers
    LOST = 4  # the lease is gone; the work is void


class Attempt:
    """One claimed job on its way through this worker. Lives from the claim until its move is written."""

    __slots__ = ("begun_at", "claim", "context", "handler", "has_ended", "stop", "task", "thread")

    def __init__(self, claim: Claim, handler: Handler) -> None:
        self.claim = claim
        self.handler = handler
        self.context: Context | None = None  # made by the executor for handlers that see one
        self.task: asyncio.Task[None] | None = None  # set by the worker as it starts the attempt
        self.thread: Future[object] | None = None  # where the handler is a plain function: it may outlive the attempt
        self.begun_at = 0.0  # set by the executor where the kind has limits; seconds of the monotonic clock
        self.stop: Stop | None = None  # why it was interrupted; read by the executor
        self.has_ended = False  # set by the executor once the handler is done: too late to interrupt it

    def interrupt(self, why: Stop) -> None:
        """Asks the handler to stop. Coroutines are cancelled; a thread sees it in its context."""
        is_first = self.stop is None
        self.stop = why if self.stop is None else max(self.stop, why)
        if self.context is not None:
            self.context.is_cancel_requested = True
        if is_first and not self.has_ended and self.task is not None and self.handler.style is not Style.THREAD:
            self.task.cancel()


class Attempts:
    """All attempts in flight. Owned by the worker's loop; other threads only ask for `receipts`."""

    def __init__(self) -> None:
        self._by_job: dict[str, Attempt] = {}  # those that hold their job, by its id
        self._superseded: set[Attempt] = set()  # those that have lost it to a later one here, until they have ended

    def __len__(self) -> int:
        return len(self._by_job) + len(self._superseded)

    def __iter__(self) -> Iterator[Attempt]:
        return iter([*self._superseded, *self._by_job.values()])

    def holding(self) -> list[Attempt]:
        """Those that hold their job."""
        return list(self._by_job.values())

    def add(self, attempt: Attempt) -> None:
        """From now on its lease is renewed. An earlier attempt of the same job that is still here has lost it."""
        earlier = self._by_job.get(attempt.claim.job_id)
        self._by_job[attempt.claim.job_id] = attempt
        if earlier is not None:
            self._superseded.add(earlier)
            earlier.interrupt(Stop.LOST)

    def drop(self, attempts: Iterable[Attempt]) -> None:
        """Their moves are written, or they are not ours any more."""
        by_job = self._by_job
        for attempt in attempts:
            job_id = attempt.claim.job_id
            if by_job.get(job_id) is attempt:
                del by_job[job_id]
            elif self._superseded:
                self._superseded.discard(attempt)

    def receipts(self) -> list[Receipt]:
        """Receipts of all that is held. Safe from any thread: the values are copied in one step."""
        return [attempt.claim.receipt for attempt in list(self._by_job.values())]

    def cancel(self, job_id: str) -> None:
        """Somebody wants the job's attempt to stop, if it is still here."""
        attempt = self._by_job.get(job_id)
        if attempt is not None:
            attempt.interrupt(Stop.CANCEL)

    def doubt(self) -> None:
        """No lease of these could be renewed for so long that they may be another's soon."""
        for attempt in self:
            if attempt.stop is None or attempt.stop < Stop.DOUBT:
                attempt.interrupt(Stop.DOUBT)
                sentence = "its lease could not be renewed; its end is recorded once the store answers"
                narrate("worker", "stops", attempt.claim.kind, sentence, job_id=attempt.claim.job_id, level="warning")

    def lose(self, receipt: Receipt) -> None:
        """The job is not ours under this receipt; it may be under a newer one."""
        attempt = self._by_job.get(receipt.job_id)
        if attempt is not None and attempt.claim.token == receipt.token:
            attempt.interrupt(Stop.LOST)
