"""A caller's hold on a job it enqueued."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Generic, TypeVar, assert_never

from pydantic import BaseModel

from jobhive.core.errors import JobhiveError, UnknownJob
from jobhive.core.event import Event
from jobhive.core.job import (
    CancelledJob,
    CompleteJob,
    FailedJob,
    Job,
    PendingJob,
    RunningJob,
    ScheduledJob,
    WaitingJob,
    typed,
)
from jobhive.core.kind import Kind, R
from jobhive.core.outcome import storable
from jobhive.core.record import JobRecord
from jobhive.store.port import Store
from jobhive.store.signals import job_topic
from jobhive.streams.reader import StreamReader

R_co = TypeVar("R_co", covariant=True)

_POLL_SECONDS = 1.0


class JobFailed(JobhiveError):
    """The job whose result was awaited failed for good; `job.error` says why."""

    code = "JOB_FAILED"

    def __init__(self, job: FailedJob[BaseModel]) -> None:
        self.job = job
        super().__init__(f"{job.id} ({job.kind}) failed: {job.error.type}: {job.error.message}")


class JobCancelled(JobhiveError):
    """The job whose result was awaited was cancelled."""

    code = "JOB_CANCELLED"

    def __init__(self, job: CancelledJob[BaseModel]) -> None:
        self.job = job
        super().__init__(f"{job.id} ({job.kind}) was cancelled: {job.reason}")


class JobHandle(Generic[R_co]):
    """Works from any process that opens the same store; holds nothing but the job's id."""

    def __init__(self, job_id: str, kind: Kind[BaseModel, BaseModel, R_co], store: Store) -> None:
        self.id = job_id
        self._kind = kind
        self._store = store

    def __repr__(self) -> str:
        return f"<JobHandle {self.id} ({self._kind.name})>"

    @property
    def stream_url(self) -> str:
        """Where a server of the same store streams the job, relative to its base."""
        return f"/v1/jobs/{self.id}/stream"

    async def job(self) -> Job[BaseModel, BaseModel, R_co]:
        """The job as it stands now. Raises UnknownJob once it was purged."""
        return await self._typed(await self._record())

    async def result(self, timeout: float | None = None) -> R_co:
        """The result, once there is one.

        Raises JobFailed, JobCancelled, UnknownJob, and TimeoutError after `timeout` seconds.
        """
        async with asyncio.timeout(timeout):
            with self._store.signals.listen(job_topic(self.id)) as wake:
                while True:
                    record = await self._record()
                    if record.state.is_final:
                        return _outcome(await self._typed(record))
                    await wake.wait(_POLL_SECONDS)

    async def stream(self, after: int = 0) -> AsyncGenerator[Event]:
        """Events above number `after`, as they come; ends with the job's last."""
        async with aclosing(StreamReader(self._store).read(self.id, after)) as events:
            async for event in events:
                yield event

    async def cancel(self, reason: str = "cancelled by its caller") -> None:
        """Cancels the job; a running one is asked, and becomes `cancelled` once its handler has stopped.

        Raises UnknownJob, IllegalTransition for a complete or failed job.
        """
        await self._store.jobs.cancel(self.id, storable(reason))

    async def _record(self) -> JobRecord:
        records = await self._store.jobs.get([self.id])
        if not records:
            raise UnknownJob(self.id)
        return records[0]

    async def _typed(self, record: JobRecord) -> Job[BaseModel, BaseModel, R_co]:
        return typed(record, self._kind, await self._store.jobs.attempts(self.id))


def _outcome(job: Job[BaseModel, BaseModel, R]) -> R:
    match job:
        case CompleteJob():
            return job.result
        case FailedJob():
            raise JobFailed(job)
        case CancelledJob():
            raise JobCancelled(job)
        case WaitingJob() | ScheduledJob() | PendingJob() | RunningJob():
            raise ValueError(f"{job.id} has not ended")
    assert_never(job)
