"""One store, with all its parts."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from jobhive.core.clock import Clock
from jobhive.store.port.access import Audit, Tokens
from jobhive.store.port.events import Events
from jobhive.store.port.jobs import Jobs
from jobhive.store.port.schema import Schema
from jobhive.store.port.workers import Liveness, Workers
from jobhive.store.signals import Signals

MOST_CLOCK_LAG_SECONDS = 0.5


class Store(Protocol):
    """One opened store. `open` before use, `close` after; both are idempotent."""

    url: str  # without secrets
    clock: Clock  # the engine's own, or up to `MOST_CLOCK_LAG_SECONDS` behind it, never ahead
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

    def hold(self, worker_id: str, supervisor_id: str | None = None) -> Liveness:
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
