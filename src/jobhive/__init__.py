"""Jobhive: durable, typed jobs on a fleet of workers, streamed live.

`import jobhive` stays light: the server, models and terminal load where they are used.
"""

from jobhive.app import Jobhive
from jobhive.client.context import Context, SyncContext
from jobhive.client.function import Enqueuer, JobFunction
from jobhive.client.handle import JobCancelled, JobFailed, JobHandle
from jobhive.client.options import Options
from jobhive.client.steering import Cancel, Discard, Retry, Snooze
from jobhive.core.errors import (
    FieldError,
    IllegalTransition,
    InvalidInput,
    JobhiveError,
    KeyReused,
    LeaseLost,
    QueueFull,
    StoreError,
    StoreFull,
    StoreRefused,
    StoreUnavailable,
    UnknownJob,
    UnknownKind,
)
from jobhive.core.event import Event
from jobhive.core.job import (
    Attempt,
    CancelledJob,
    CompleteJob,
    FailedJob,
    Job,
    PendingJob,
    RunningJob,
    ScheduledJob,
    WaitingJob,
)
from jobhive.core.kind import Progress
from jobhive.core.outcome import JobError
from jobhive.core.retry import Backoff
from jobhive.core.states import State
from jobhive.worker.job_worker import JobWorker

__all__ = [
    "Attempt",
    "Backoff",
    "Cancel",
    "CancelledJob",
    "CompleteJob",
    "Context",
    "Discard",
    "Enqueuer",
    "Event",
    "FailedJob",
    "FieldError",
    "IllegalTransition",
    "InvalidInput",
    "Job",
    "JobCancelled",
    "JobError",
    "JobFailed",
    "JobFunction",
    "JobHandle",
    "JobWorker",
    "Jobhive",
    "JobhiveError",
    "KeyReused",
    "LeaseLost",
    "Options",
    "PendingJob",
    "Progress",
    "QueueFull",
    "Retry",
    "RunningJob",
    "ScheduledJob",
    "Snooze",
    "State",
    "StoreError",
    "StoreFull",
    "StoreRefused",
    "StoreUnavailable",
    "SyncContext",
    "UnknownJob",
    "UnknownKind",
    "WaitingJob",
]
