"""The duties: due jobs become pending, jobs of workers that are gone are taken back."""

from datetime import timedelta

from jobhive.core.leaving import Held, Leaving
from jobhive.core.rescue import judge
from jobhive.store.port import Rescued
from jobhive.store.signals import WORKERS, job_topic, queue_topic
from jobhive.store.sqlite.access import Access
from jobhive.store.sqlite.liveness import bury
from jobhive.store.sqlite.moves import leave
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

        def act(transaction: Transaction) -> list[Rescued]:
            expired = transaction.db.all("expired", {"now": transaction.now_ms, "limit": limit})
            jobs = [Held._make(row) for row in expired]
            return [_take_back(transaction, held, lease_ms, is_crash=False) for held in jobs]

        return await self._access.writer.run(act)

    async def rescue_from(self, worker_id: str, *, is_crash: bool) -> list[Rescued]:
        lease_ms = self._access.lease_ms

        def act(transaction: Transaction) -> list[Rescued]:
            held_by = transaction.db.all("held_by", {"worker": worker_id})
            was_alone = len(held_by) == 1
            transaction.db.run("leave_worker", {"id": worker_id})
            transaction.topics.add(WORKERS)
            jobs = [Held._make(row) for row in held_by]
            return [_take_back(transaction, held, lease_ms, is_crash=is_crash and was_alone) for held in jobs]

        rescued = await self._access.writer.run(act)
        bury(self._access.alive_folder, worker_id)
        return rescued


def _stage(transaction: Transaction, limit: int) -> int:
    rows = transaction.db.all("stage", {"now": transaction.now_ms, "limit": limit})
    for job_id, queue in rows:
        transaction.topics |= {job_topic(str(job_id)), queue_topic(str(queue))}
    return len(rows)


def _take_back(transaction: Transaction, held: Held, lease_ms: int, *, is_crash: bool) -> Rescued:
    verdict = judge(
        on_crash=held.on_crash,
        crashes=held.crashes,
        losses=held.losses,
        is_crash=is_crash,
        is_cancel_requested=held.cancel_requested_at_ms is not None,
        worker=held.worker,
    )
    leave(transaction, held, Leaving(**verdict._asdict(), is_taken=True))
    silence_ms = max(transaction.now_ms - (held.lease_until_ms - lease_ms), 0)
    return Rescued(held.job_id, held.worker, verdict.state.value, timedelta(milliseconds=silence_ms))
