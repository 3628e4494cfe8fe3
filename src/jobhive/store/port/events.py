"""The stored part of streams."""

from collections.abc import Sequence
from typing import Protocol

from jobhive.core.event import Append, Chunk
from jobhive.core.record import StreamHead

MOST_READ = 65_536  # characters of events: what a reader holds, and what keeps others waiting while it is unpacked


class Events(Protocol):
    """The stored part of streams."""

    async def append(self, appends: Sequence[Append]) -> list[str]:
        """Stores batches under their receipts. Returns ids accepted; a batch stored before counts as such."""
        ...

    async def read(self, job_id: str, after: int, limit: int) -> tuple[StreamHead, list[Chunk]]:
        """Head and at most `limit` chunks with numbers above `after`, from one snapshot. Raises UnknownJob.

        None follows after their text fills `MOST_READ` characters; whether there are more, the head's last number says.
        """
        ...
