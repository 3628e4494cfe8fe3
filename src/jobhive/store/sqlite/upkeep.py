"""The duties: due jobs become pending, jobs of workers that are gone are taken back, suspects are absolved."""

from datetime import timedelta

from jobhive.core.audit import Act
from jobhive.core.leaving import LONGEST_LEASES, Held, Leaving, taken_from
from jobhive.core.rescue import Death
from jobhive.failpoints import failpoint
from jobhive.store.liveness import bury
from jobhive.store.port import Rescued
from jobhive.store.rows import to_rescued
from jobhive.store.signals import WORKERS, job_topic, queue_topic
from jobhive.store.sqlite.access import Access
from jobhive.store.sqlite.moves import leave
from jobhive.store.sqlite.workers import tell_worker
from jobhive.store.sqlite.writer import Transaction


class UpkeepActs:
    """`UpkeepJobs` on SQLite."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def stage(self, limit: int) -> int:
        return await self._access.writer.run(lambda transaction: _stage(transaction, limit))

    async def next_due(self) -> timedelta | None:
        due: int | None = await self._access.readers.run(lambda db: db.value("next_due"))
        return None if due is None else timedelta(milliseconds=max(due - self._access.clock.now_ms(), 0))

    async def rescue(self, limit: int) -> list[Rescued]:
        lease_ms = self._access.lease_ms
        asked_at_ms = self._access.clock.now_ms()  # the caller trusts the clock as of now; it may jump while we queue

        def act(transaction: Transaction) -> list[Rescued]:
            now_ms = min(asked_at_ms, transaction.now_ms)
            transaction.db.run("curb", {"latest": now_ms + LONGEST_LEASES * lease_ms})
            failpoint("act.rescue")
            expired = transaction.db.all("expired", {"now": now_ms, "limit": limit})
            jobs = [Held._make(row) for row in expired]
            return [_take_back(transaction, *gone, lease_ms) for gone in taken_from(jobs, None, lease_ms)]

        return await self._access.writer.run(act)

    async def rescue_from(self, worker_id: str, death: Death | None = None) -> list[Rescued]:
        lease_ms = self._access.lease_ms

        def act(transaction: Transaction) -> list[Rescued]:
            jobs = [Held._make(row) for row in transaction.db.all("held_by", {"worker": worker_id})]
            for row in transaction.db.all("leave_worker", {"id": worker_id}):
                tell_worker(transaction, Act.WORKER_LOST, *row)
            failpoint("act.take_from")
            transaction.topics.add(WORKERS)
            return [_take_back(transaction, *gone, lease_ms) for gone in taken_from(jobs, death, lease_ms)]

        taken = await self._access.writer.run(act)
        bury(self._access.alive_folder, worker_id)
        return taken

    async def has_suspects(self) -> bool:
        return await self._access.readers.run(lambda db: db.value("has_suspects")) is not None

    async def absolve(self) -> int:
        return await self._access.writer.run(_absolve)


def _stage(transaction: Transaction, limit: int) -> int:
    rows = transaction.db.all("stage", {"now": transaction.now_ms, "limit": limit})
    failpoint("act.stage")
    for job_id, queue in rows:
        transaction.topics |= {job_topic(str(job_id)), queue_topic(str(queue))}
    return len(rows)


def _absolve(transaction: Transaction) -> int:
    rows = transaction.db.all("absolve", {"now": transaction.now_ms})
    failpoint("act.absolve")
    transaction.topics.update(queue_topic(str(queue)) for (queue,) in rows)
    return len(rows)


def _take_back(transaction: Transaction, held: Held, why: Leaving, lease_ms: int) -> Rescued:
    leave(transaction, held, why)
    return to_rescued(held, why, transaction.now_ms, lease_ms)
