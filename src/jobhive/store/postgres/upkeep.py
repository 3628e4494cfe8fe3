"""The duties: due jobs become pending, jobs of workers that are gone are taken back, suspects are absolved."""

from collections.abc import Sequence
from datetime import timedelta

from jobhive.core.audit import Act
from jobhive.core.leaving import LONGEST_LEASES, Held, taken_from
from jobhive.core.rescue import Death
from jobhive.failpoints import failpoint
from jobhive.store.liveness import bury
from jobhive.store.port import Rescued
from jobhive.store.postgres.access import Access
from jobhive.store.postgres.moves import Departure, leave
from jobhive.store.postgres.workers import tell_worker
from jobhive.store.postgres.writer import Transaction
from jobhive.store.rows import to_rescued
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
        asked_at_ms = self._access.clock.now_ms()  # the caller trusts the clock as of now; it may have jumped since

        async def act(transaction: Transaction) -> list[Rescued]:
            now_ms = min(asked_at_ms, await transaction.now_ms())
            await transaction.db.all("curb", {"latest": now_ms + LONGEST_LEASES * lease_ms})
            failpoint("act.rescue")
            rows = await transaction.db.all("expired", {"now": now_ms, "limit": limit})
            jobs = sorted(map(Held._make, rows))
            return await _take_back(transaction, taken_from(jobs, None, lease_ms), lease_ms)

        return await self._access.run(act)

    async def rescue_from(self, worker_id: str, death: Death | None = None) -> list[Rescued]:
        lease_ms = self._access.lease_ms

        async def act(transaction: Transaction) -> list[Rescued]:
            jobs = list(map(Held._make, await transaction.db.all("held_by", {"worker": worker_id})))
            taken = await _take_back(transaction, taken_from(jobs, death, lease_ms), lease_ms)
            gone = await transaction.db.all("leave_worker", {"id": worker_id})
            failpoint("act.take_from")
            transaction.topics.add(WORKERS)
            for row in gone:
                await tell_worker(transaction, Act.WORKER_LOST, *row)
            return taken

        taken = await self._access.run(act)
        bury(self._access.alive_folder, worker_id)
        return taken

    async def has_suspects(self) -> bool:
        return await self._access.run_one(lambda transaction: transaction.db.value("has_suspects")) is not None

    async def absolve(self) -> int:
        return await self._access.run_one(_absolve)


async def _stage(transaction: Transaction, limit: int) -> int:
    rows = await transaction.db.all("stage", {"limit": limit})
    failpoint("act.stage")
    for job_id, queue in rows:
        transaction.topics |= {job_topic(job_id), queue_topic(queue)}
    return len(rows)


async def _absolve(transaction: Transaction) -> int:
    rows = await transaction.db.all("absolve")
    failpoint("act.absolve")
    transaction.topics.update(queue_topic(queue) for (queue,) in rows)
    return len(rows)


async def _take_back(transaction: Transaction, departures: Sequence[Departure], lease_ms: int) -> list[Rescued]:
    await leave(transaction, departures)
    now_ms = await transaction.now_ms() if departures else 0
    return [to_rescued(held, why, now_ms, lease_ms) for held, why in departures]
