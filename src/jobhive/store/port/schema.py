"""The tables of a store."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Migration(NamedTuple):
    """One step from a schema to the next."""

    name: str  # such as `0001_jobs`; they are applied in the order of their names
    sql: str


class Schema(Protocol):
    """The tables of a store, whether or not it is open: what there is, and what is to come."""

    def migrations(self) -> Sequence[Migration]:
        """All that this Jobhive knows, in order."""
        ...

    async def version(self) -> int:
        """How many of them the database has; 0 where there is none yet. Changes nothing.

        Raises StoreRefused for what is not ours or newer than this Jobhive, StoreUnavailable.
        """
        ...

    async def migrate(self) -> Sequence[Migration]:
        """Applies those that are missing, all or none, and returns them. Raises StoreError."""
        ...
