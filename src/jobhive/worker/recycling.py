"""Ending a worker's process before it wears out, so that its supervisor puts a fresh one in its place."""

import asyncio
from typing import NamedTuple

import psutil

from jobhive.worker.child import ask_to_be_replaced
from jobhive.worker.worker import Worker

_MIB = 1 << 20
_SECONDS_BETWEEN_LOOKS = 1.0


class Wear(NamedTuple):
    """What a worker's process may do before it is replaced. None: as much as it likes."""

    jobs: int | None = None  # claimed
    mib: int | None = None  # resident

    @property
    def is_limited(self) -> bool:
        """Whether anything is not left to it."""
        return self != Wear()

    def arguments(self) -> tuple[str, ...]:
        """The same for the command line of a worker's process."""
        named = (("--recycle-jobs", self.jobs), ("--recycle-mib", self.mib))
        return tuple(part for name, limit in named if limit is not None for part in (name, str(limit)))


async def worn_out(worker: Worker, wear: Wear) -> None:
    """Returns once the worker was worn out and its jobs have ended; the supervisor knows of it by then."""
    watching = asyncio.create_task(_watch_memory(worker, wear.mib)) if wear.mib is not None else None
    try:
        await worker.worn_out.wait()
    finally:
        if watching is not None:
            watching.cancel()
    await ask_to_be_replaced(worker.wear)
    await worker.finished()


async def _watch_memory(worker: Worker, mib: int) -> None:
    process = psutil.Process()
    while not worker.worn_out.is_set():
        resident_mib = process.memory_info().rss / _MIB
        if resident_mib > mib:
            worker.wear_out(f"it takes {resident_mib:.0f} MiB, more than {mib} MiB")
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
