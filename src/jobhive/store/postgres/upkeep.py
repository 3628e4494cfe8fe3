"""The duties: due jobs become pending, jobs of workers that are gone are taken back."""

from collections.abc import Sequence
from datetime import timedelta

from jobhive.core.leaving import Held, Leaving
from jobhive.core.rescue import judge
from jobhive.store.port import Rescued
from jobhive.store.postgres.access import Access
from jobhive.store.postgres.moves import Departure, leave
from jobhive.store.postgres.writer import Transaction
from jobhive.store.signals import WORKERS, job_topic, queue_topic


class UpkeepActs:
    """`UpkeepJobs` on PostgreSQL."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def stage(self, limit: int) -> int:
        return await self._access.run_one(lambda transaction: _stage(transaction, limit))

    async def next_due(self) -> timedelta | None:
        due: int | None = await self._access.run_one(lambda transaction: transaction.db.value("next_due"))
        return None if due is None else timedelta(milliseconds=max(due, 0))

    async def rescue(self, limit: int) -> list[Rescued]:
        lease_ms = self._access.lease_ms

        async def act(transaction: Transaction) -> list[Rescued]:
            rows = await transaction.db.all("expired", {"limit": limit})
            jobs = sorted(map(Held._make, rows))
            return await _take_back(transaction, jobs, lease_ms, is_crash=False)

        return await self._access.run(act)

    async def rescue_from(self, worker_id: str, *, is_crash: bool) -> list[Rescued]:
        lease_ms = self._access.lease_ms

        async def act(transaction: Transaction) -> list[Rescued]:
            await transaction.db.all("leave_worker", {"id": worker_id})
            transaction.topics.add(WORKERS)
            jobs = list(map(Held._make, await transaction.db.all("held_by", {"worker": worker_id})))
            was_alone = len(jobs) == 1
            return await _take_back(transaction, jobs, lease_ms, is_crash=is_crash and was_alone)

        return await self._access.run(act)


async def _stage(transaction: Transaction, limit: int) -> int:
    rows = await transaction.db.all("stage", {"limit": limit})
    for job_id, queue in rows:
        transaction.topics |= {job_topic(job_id), queue_topic(queue)}
    return len(rows)


async def _take_back(transaction: Transaction, jobs: Sequence[Held], lease_ms: int, *, is_crash: bool) -> list[Rescued]:
    departures = [_judged(held, is_crash=is_crash) for held in jobs]
    await leave(transaction, departures)
    now_ms = await transaction.now_ms() if jobs else 0
    return [_rescued(held, why, now_ms, lease_ms) for held, why in departures]


def _judged(held: Held, *, is_crash: bool) -> Departure:
    verdict = judge(
        on_crash=held.on_crash,
        crashes=held.crashes,
        losses=held.losses,
        is_crash=is_crash,
        is_cancel_requested=held.cancel_requested_at_ms is not None,
        worker=held.worker,
    )
    return held, Leaving(**verdict._asdict(), is_taken=True)


def _rescued(held: Held, why: Leaving, now_ms: int, lease_ms: int) -> Rescued:
    silence_ms = max(now_ms - (held.lease_until_ms - lease_ms), 0)
    return Rescued(held.job_id, held.worker, why.state.value, timedelta(milliseconds=silence_ms))
