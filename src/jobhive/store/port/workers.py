"""Active workers, and their signs of life."""

from typing import Protocol

from jobhive.core.record import WorkerRecord


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


class Liveness(Protocol):
    """A sign of life that the operating system takes back when the process ends."""

    def release(self) -> None: ...
