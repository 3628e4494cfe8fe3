"""Keeps this worker's leases, from a thread of its own: a handler that blocks the loop loses nothing."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import timedelta

from jobhive.core.errors import StoreError
from jobhive.core.receipt import Receipt
from jobhive.narration import Episode
from jobhive.store.port import WorkerJobs

_RENEWALS_PER_LEASE = 3
_TRIES_PER_LEASE = 30  # while the store does not answer
TRUSTED_SHARE = 0.8  # of the lease; after that without renewal the holder stops by itself


class LeaseKeeper:
    """Renews from `start` to `stop`, on a thread of its own.

    There it tells `lost` the receipts that are worth nothing any more, and `doubted` when none can be trusted.
    """

    def __init__(
        self,
        jobs: WorkerJobs,
        lease: timedelta,
        receipts: Callable[[], list[Receipt]],
        lost: Callable[[Sequence[Receipt]], None],
        doubted: Callable[[], None],
    ) -> None:
        self._jobs = jobs
        self._lease_seconds = lease.total_seconds()
        self._shortest_pause = self._lease_seconds / _TRIES_PER_LEASE
        self._receipts = receipts
        self._lost = lost
        self._doubted = doubted
        self._trouble = Episode("lease keeper", "leases")
        self._stopping = threading.Event()
        self._ended: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="jobhive-leases", daemon=True)

    def start(self) -> asyncio.Future[None]:
        """Begins to renew. The future ends with the thread."""
        self._thread.start()
        return asyncio.wrap_future(self._ended)

    def quit(self) -> None:
        """Renews no more."""
        self._stopping.set()

    async def stop(self) -> None:
        """The same, and returns once it is so."""
        self.quit()
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        try:
            self._keep_on()
        except BaseException as error:
            self._ended.set_exception(error)
        else:
            self._ended.set_result(None)

    def _keep_on(self) -> None:
        with asyncio.Runner() as runner:
            renewed_at = time.monotonic()
            while not self._stopping.wait(self._pause()):
                began = time.monotonic()
                doubtful_at = renewed_at + TRUSTED_SHARE * self._lease_seconds
                if runner.run(self._renew(max(doubtful_at - began, self._shortest_pause))):
                    renewed_at = began
                elif time.monotonic() >= doubtful_at:
                    self._doubted()

    def _pause(self) -> float:
        return self._shortest_pause if self._trouble.is_on else self._lease_seconds / _RENEWALS_PER_LEASE

    async def _renew(self, patience: float) -> bool:
        """Whether the store answered within so many seconds."""
        receipts = self._receipts()
        try:
            async with asyncio.timeout(patience):
                kept = set(await self._jobs.renew(receipts)) if receipts else set[str]()
        except (StoreError, TimeoutError) as error:
            self._trouble.begin(str(error) or "the store does not answer in time")
            return False
        self._trouble.end()
        lost = [receipt for receipt in receipts if receipt.job_id not in kept]
        if lost:
            self._lost(lost)
        return True
