"""The audit log: written by the acts themselves, sealed by upkeep.

An act tells last: from then on it waits for nobody, so that whoever waits for all who are writing does not wait long.
"""

from collections.abc import Sequence
from functools import partial

from jobhive.core.audit import GENESIS, Act, AuditEntry, NewEntry, chain, entry
from jobhive.failpoints import failpoint
from jobhive.store.postgres.access import Access
from jobhive.store.postgres.writer import Transaction
from jobhive.store.rows import Row
from jobhive.store.signals import AUDIT


class PostgresAudit:
    """`Audit` on PostgreSQL."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def record(self, entries: Sequence[NewEntry]) -> None:
        await self._access.run_one(partial(write, entries=entries))

    async def seal(self, limit: int) -> int:
        if not await self._access.run_one(lambda transaction: transaction.db.value("has_unsealed_audit")):
            return 0
        settled = await self._access.run(_settled)
        return await self._access.run(partial(_seal, settled=settled, limit=limit))

    async def read(self, after: int, limit: int) -> list[AuditEntry]:
        asked = {"after": after, "limit": limit}
        return _entries(await self._access.run_one(lambda transaction: transaction.db.all("read_audit", asked)))

    async def newest(self, limit: int) -> list[AuditEntry]:
        asked = {"limit": limit}
        return _entries(await self._access.run_one(lambda transaction: transaction.db.all("newest_audit", asked)))


async def tell(transaction: Transaction, by: str | None, act: Act, target: str, **detail: object) -> None:
    """Writes what the transaction does into the log, where somebody asked for it."""
    if by is not None:
        await write(transaction, [entry(by, act, target, detail)])


async def write(transaction: Transaction, entries: Sequence[NewEntry]) -> None:
    """Writes entries, in their order."""
    if not entries:
        return
    bound = {
        "actors": [each.actor for each in entries],
        "acts": [each.act.value for each in entries],
        "targets": [each.target for each in entries],
        "details": [each.detail for each in entries],
    }
    await transaction.db.all("record_audit", bound)
    failpoint("act.audit")
    transaction.topics.add(AUDIT)


async def _settled(transaction: Transaction) -> int | None:
    """The newest number below which no entry will appear any more. Numbers are taken before they are committed."""
    await transaction.db.all("wait_briefly")
    await transaction.db.all("lock_audit")
    newest: int | None = await transaction.db.value("last_audit")
    return newest


async def _seal(transaction: Transaction, settled: int | None, limit: int) -> int:
    rows = await transaction.db.all("unsealed_audit", {"settled": settled, "limit": limit})
    unsealed = _entries(rows)
    if unsealed:
        previous = await transaction.db.value("sealed_before", {"number": unsealed[0].number}) or GENESIS
        numbers, hashes = zip(*chain(unsealed, previous), strict=True)
        await transaction.db.all("seal_audit", {"numbers": numbers, "hashes": hashes})
    failpoint("act.seal")
    return len(unsealed)


def _entries(rows: Sequence[Row]) -> list[AuditEntry]:
    return [AuditEntry._make(row) for row in rows]
