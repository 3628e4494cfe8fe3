"""Jobhive: durable, typed jobs on a fleet of workers, streamed live.

What is named here is loaded when it is first used (PEP 562), so that `jobhive --help` and programs that only ask a
server stay quick. Type checkers read `__init__.pyi`; a test keeps the two alike.
"""

from importlib import import_module

_HOMES = {
    "jobhive.app": ("Jobhive",),
    "jobhive.client.context": (
        "Context",
        "SyncContext",
    ),
    "jobhive.client.function": (
        "Enqueuer",
        "JobFunction",
    ),
    "jobhive.client.handle": (
        "JobCancelled",
        "JobFailed",
        "JobHandle",
    ),
    "jobhive.client.options": ("Options",),
    "jobhive.client.steering": (
        "Cancel",
        "Discard",
        "Retry",
        "Snooze",
    ),
    "jobhive.core.errors": (
        "FieldError",
        "IllegalTransition",
        "InvalidInput",
        "JobhiveError",
        "KeyReused",
        "LeaseLost",
        "QueueFull",
        "StoreError",
        "StoreFull",
        "StoreRefused",
        "StoreUnavailable",
        "UnknownJob",
        "UnknownKind",
        "WorkerFailed",
    ),
    "jobhive.core.event": ("Event",),
    "jobhive.core.job": (
        "Attempt",
        "CancelledJob",
        "CompleteJob",
        "FailedJob",
        "Job",
        "PendingJob",
        "RunningJob",
        "ScheduledJob",
        "WaitingJob",
    ),
    "jobhive.core.kind": ("Progress",),
    "jobhive.core.outcome": ("JobError",),
    "jobhive.core.retry": ("Backoff",),
    "jobhive.core.states": ("State",),
    "jobhive.worker.job_worker": ("JobWorker",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name == "__all__":  # what `from jobhive import *` asks for
        return sorted(_HOME_OF)
    if name not in _HOME_OF:
        raise AttributeError(f"module 'jobhive' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(_HOME_OF)
