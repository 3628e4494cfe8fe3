"""What every act of the engine works with."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from jobhive.core.clock import to_milliseconds
from jobhive.store.postgres.clock import ServerClock
from jobhive.store.postgres.home import Home
from jobhive.store.postgres.writer import Act, Writer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Access:
    """Shared by all acts of one store; its parts live as long as the store is open."""

    home: Home
    writer: Writer
    clock: ServerClock
    lease: timedelta
    alive_folder: Path  # where the locks of this machine's workers are

    @property
    def lease_ms(self) -> int:
        """The lease as the tables count."""
        return to_milliseconds(self.lease)

    async def run(self, act: Act[T]) -> T:
        """The act's answer, once its transaction is durable. Called from any loop."""
        return await self.home.run(lambda: self.writer.run(act))

    async def run_one(self, act: Act[T]) -> T:
        """The same for an act of one statement, which needs no transaction around it."""
        return await self.home.run(lambda: self.writer.run_one(act))
