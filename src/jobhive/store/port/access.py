"""Who may call, and what they did."""

from collections.abc import Sequence
from typing import Protocol

from jobhive.core.audit import AuditEntry, NewEntry
from jobhive.core.token import NewToken, TokenRecord


class Tokens(Protocol):
    """Access tokens. Their rows stay for good: a store that ever had one asks everybody for theirs."""

    async def add(self, token: NewToken, *, by: str) -> TokenRecord:
        """Stores a new token."""
        ...

    async def list(self) -> list[TokenRecord]:
        """All of them, oldest first, also those that hold no longer."""
        ...

    async def revoke(self, token_id: str, *, by: str) -> TokenRecord:
        """Ends a token for good; a revoked one stays as it is. Raises UnknownToken."""
        ...

    async def touch(self, token_id: str) -> None:
        """Notes that the token is in use now."""
        ...


class Audit(Protocol):
    """The log of who did what. Nothing in it is changed or deleted; only the seal is added."""

    async def record(self, entries: Sequence[NewEntry]) -> None:
        """Writes entries of their own; acts on jobs, queues, workers and tokens write theirs themselves."""
        ...

    async def seal(self, limit: int) -> int:
        """Chains at most `limit` unsealed entries, oldest first (`core.audit.link`); returns how many it did."""
        ...

    async def read(self, after: int, limit: int) -> list[AuditEntry]:
        """Entries with numbers above `after`, in their order."""
        ...

    async def newest(self, limit: int) -> list[AuditEntry]:
        """The last entries, in their order."""
        ...
