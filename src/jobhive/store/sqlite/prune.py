"""Old ended jobs are deleted, in steps through the table in order of arrival.

No index knows when jobs ended: each finish would pay for it. A job that arrived lately cannot have ended long ago, so a
step ends where the jobs become too young, and what was looked at before is not looked at again.
"""

from collections.abc import Mapping

from pydantic_core import to_json

from jobhive.core.clock import to_milliseconds
from jobhive.core.retention import Retention
from jobhive.failpoints import failpoint
from jobhive.store.port import Pruned
from jobhive.store.rows import Row
from jobhive.store.sqlite.access import Access
from jobhive.store.sqlite.writer import Transaction

_NONE = "[]"


class PruneActs:
    """The pruning part of `UpkeepJobs` on SQLite."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def prune(self, retention: Retention, cursor: str | None, limit: int) -> Pruned:
        now_ms = self._access.clock.now_ms()
        asked = {
            "after": int(cursor or 0),
            "limit": limit,
            "now": now_ms,
            "before": now_ms - to_milliseconds(retention.keep),
            "sorts": to_json([f"{state} {kind}" for state, kind in retention.sorts]).decode(),
        }
        row: Row = (await self._access.readers.run(lambda db: db.all("prunable", asked)))[0]
        passed, last, seqs = row
        jobs = 0
        if seqs != _NONE:
            found = {"seqs": seqs, "before": asked["before"]}
            jobs, last = await self._access.writer.run(lambda transaction: _delete(transaction, found, last))
        return Pruned(jobs, str(last), is_done=passed < limit)


def _delete(transaction: Transaction, found: Mapping[str, object], last: int) -> tuple[int, int]:
    """How many, and the last job that is left: numbers of newer ones are given anew where they were the highest."""
    ids = transaction.db.all("still_prunable", found)
    for statement in ("purge_events", "purge_attempts", "purge_job"):
        transaction.db.many(statement, ids)
        failpoint("act.expire")
    return len(ids), transaction.db.value("last_up_to", {"seq": last})
