"""Old ended jobs are deleted, in steps through the table in the order of ids, which begin with the time.

No index knows when jobs ended: each finish would pay for it. A job that arrived lately cannot have ended long ago, so a
step ends where the jobs become too young, and what was looked at before is not looked at again.
"""

from functools import partial

from jobhive.core.clock import to_milliseconds
from jobhive.core.retention import Retention
from jobhive.failpoints import failpoint
from jobhive.store.port import Pruned
from jobhive.store.postgres.access import Access
from jobhive.store.postgres.database import Database
from jobhive.store.postgres.writer import Transaction

_BEFORE_ALL = ""


class PruneActs:
    """The pruning part of `UpkeepJobs` on PostgreSQL."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def prune(self, retention: Retention, cursor: str | None, limit: int) -> Pruned:
        now_ms = self._access.clock.now_ms()
        before_ms = now_ms - to_milliseconds(retention.keep)
        asked = {
            "after": cursor or _BEFORE_ALL,
            "limit": limit,
            "now": now_ms,
            "before": before_ms,
            "sorts": [f"{state} {kind}" for state, kind in retention.sorts],
        }
        [(passed, last, ids)] = await self._access.run_one(lambda transaction: transaction.db.all("prunable", asked))
        jobs = 0
        if ids:
            jobs = await self._access.run(partial(_delete, found={"ids": ids, "before": before_ms}))
        return Pruned(jobs, last, is_done=passed < limit)


async def _delete(transaction: Transaction, found: dict[str, object]) -> int:
    """Those of the jobs that are as they were found; how many."""
    ids = [row[0] for row in await transaction.db.all("still_prunable", found)]
    await delete(transaction.db, ids)
    failpoint("act.expire")
    return len(ids)


async def delete(db: Database, ids: list[str]) -> None:
    """Final jobs, locked before, with all that is their own."""
    for statement in ("purge_events", "purge_attempts", "purge_job"):
        await db.all(statement, {"ids": ids})
        failpoint("act.purge")
