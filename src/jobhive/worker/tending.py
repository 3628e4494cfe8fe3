"""A supervisor's care for one of its processes: hears what it says, renews its leases, sees that it is stuck."""

import asyncio
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from jobhive.core.errors import StoreError
from jobhive.core.receipt import Receipt
from jobhive.failpoints import failpoint
from jobhive.narration import Episode, narrate
from jobhive.store.port import Store
from jobhive.worker.holdings import Holdings
from jobhive.worker.line import (
    Due,
    Held,
    Line,
    Ready,
    Recycling,
    Renewed,
    read_report,
    seconds_between_reports,
    tells_of_claims,
)

_RENEWALS_PER_LEASE = 3
_LONGEST_SECONDS_TO_SAY = 1.0
_SECONDS_BETWEEN_HEARINGS = 0.05  # a busy process says something every few milliseconds


class Tending:
    """Runs from its making to `end`, on the running loop. Its line is closed with it."""

    def __init__(self, store: Store, name: str, line: socket.socket, on_overdue: Callable[[], None]) -> None:
        self.is_ready = False  # whether the process has said so
        self.is_recycling = False  # whether it has asked to be replaced
        self._report_seconds = seconds_between_reports(store.lease)
        self.holdings = Holdings(name, self._report_seconds)
        self.overdue: Mapping[Receipt, Due] = {}  # once it is stuck with such; `on_overdue` is called then, once
        self._store = store
        self._name = name
        self._line = Line(line)
        self._on_overdue = on_overdue
        self._trouble = Episode("supervisor", f"leases of {name}")
        self._renewal_seconds = store.lease.total_seconds() / _RENEWALS_PER_LEASE
        self._renewed_at = time.monotonic()
        self._loop = asyncio.get_running_loop()
        self._pausing: asyncio.TimerHandle | None = None  # between two hearings
        self._task = asyncio.create_task(self._run(), name=f"jobhive-tending-{name}")
        self._listen()

    async def end(self) -> None:
        """Hears the last words of a process that has ended."""
        self._task.cancel()
        await asyncio.wait([self._task])
        if self._pausing is not None:
            self._pausing.cancel()
        self._loop.remove_reader(self._line)
        self._hear()
        self._line.close()
        if not self._task.cancelled():
            self._task.result()  # a defect

    def _listen(self) -> None:
        self._pausing = None
        self._loop.add_reader(self._line, self._heed)

    def _heed(self) -> None:
        """What comes in the next moment can wait: each wake-up costs more than what is said."""
        self._loop.remove_reader(self._line)
        self._hear()
        if not self._line.is_closed:
            self._pausing = self._loop.call_later(_SECONDS_BETWEEN_HEARINGS, self._listen)

    def _hear(self) -> None:
        for line in self._line.heard():
            if tells_of_claims(line):
                self.holdings.put_by(line)
            else:
                self._take_in(line)

    def _take_in(self, line: bytes) -> None:
        match read_report(line, self._name):
            case Ready():
                self.is_ready = True
            case Recycling(why=why):
                self.is_recycling = True
                narrate("supervisor", "replaces", self._name, why)
            case Held() as held:
                self.holdings.note(held)
            case _:
                pass  # what a handler wrote; claims are put by

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._report_seconds)
            self._hear()
            if time.monotonic() - self._renewed_at > self._renewal_seconds:
                await self._renew()
            self._look()

    async def _renew(self) -> None:
        """Tells the process only what is certain: without word it stops by itself before its leases end."""
        began = time.monotonic()
        receipts = self.holdings.to_renew()
        failpoint("lease.before_renew")
        try:
            kept = set(await self._store.jobs.renew(list(receipts))) if receipts else set[str]()
        except StoreError as error:
            self._trouble.begin(str(error))
            return
        self._trouble.end()
        failpoint("lease.renewed")
        self._renewed_at = began
        lost = {receipt.job_id: receipt.token for receipt in receipts if receipt.job_id not in kept}
        with suppress(TimeoutError):  # a stuck process whose end is full; it hears the next word
            async with asyncio.timeout(_LONGEST_SECONDS_TO_SAY):
                await self._line.say(Renewed(began=began, lost=lost))

    def _look(self) -> None:
        if not self.overdue and (overdue := self.holdings.overdue()):
            self.overdue = overdue
            self._on_overdue()
