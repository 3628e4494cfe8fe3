"""What every act of the engine works with."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from jobhive.core.clock import Clock, to_milliseconds
from jobhive.store.sqlite.readers import Readers
from jobhive.store.sqlite.writer import Writer


@dataclass(frozen=True, slots=True)
class Access:
    """Shared by all acts of one opened store; its parts live as long as the store is open."""

    writer: Writer
    readers: Readers
    clock: Clock
    lease: timedelta
    alive_folder: Path  # where workers' locks are

    @property
    def lease_ms(self) -> int:
        """The lease as the tables count."""
        return to_milliseconds(self.lease)
