"""The audit log: written by the acts themselves, sealed by upkeep."""

from collections.abc import Sequence

from jobhive.core.audit import GENESIS, Act, AuditEntry, NewEntry, canonical, chain, entry
from jobhive.failpoints import failpoint
from jobhive.store.rows import Row
from jobhive.store.signals import AUDIT
from jobhive.store.sqlite.access import Access
from jobhive.store.sqlite.database import Database
from jobhive.store.sqlite.writer import Transaction


class SqliteAudit:
    """`Audit` on SQLite."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def record(self, entries: Sequence[NewEntry]) -> None:
        await self._access.writer.run(lambda transaction: _write(transaction, entries))

    async def seal(self, limit: int) -> int:
        if not await self._access.readers.run(lambda db: db.value("has_unsealed_audit")):
            return 0
        return await self._access.writer.run(lambda transaction: _seal(transaction.db, limit))

    async def read(self, after: int, limit: int) -> list[AuditEntry]:
        asked = {"after": after, "limit": limit}
        return await self._access.readers.run(lambda db: _entries(db.all("read_audit", asked)))

    async def newest(self, limit: int) -> list[AuditEntry]:
        return await self._access.readers.run(lambda db: _entries(db.all("newest_audit", {"limit": limit})))


def tell(transaction: Transaction, by: str | None, act: Act, target: str, **detail: object) -> None:
    """Writes what the transaction does into the log, where somebody asked for it."""
    if by is not None:
        _write(transaction, [entry(by, act, target, detail)])


def _write(transaction: Transaction, entries: Sequence[NewEntry]) -> None:
    transaction.db.many("record_audit", [written._asdict() | {"now": transaction.now_ms} for written in entries])
    failpoint("act.audit")
    transaction.topics.add(AUDIT)


def _seal(db: Database, limit: int) -> int:
    unsealed = _entries(db.all("unsealed_audit", {"limit": limit}))
    if unsealed:
        previous = db.value("sealed_before", {"number": unsealed[0].number}) or GENESIS
        db.run("seal_audit", {"seals": canonical(chain(unsealed, previous))})
    failpoint("act.seal")
    return len(unsealed)


def _entries(rows: Sequence[Row]) -> list[AuditEntry]:
    return [AuditEntry._make(row) for row in rows]
