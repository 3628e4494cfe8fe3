"""Active workers as their heartbeats tell them."""

from pydantic_core import from_json, to_json

from jobhive.core.errors import UnknownWorker
from jobhive.core.record import WorkerRecord
from jobhive.store.postgres.access import Access
from jobhive.store.postgres.database import Row
from jobhive.store.postgres.writer import Transaction
from jobhive.store.signals import WORKERS

_FORGOTTEN_AFTER_LEASES = 10


class PostgresWorkers:
    """`Workers` on PostgreSQL."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def beat(self, worker: WorkerRecord) -> bool:
        bound = worker._asdict() | {
            "id": worker.worker_id,
            "queues": to_json(worker.queues).decode(),
            "kinds": to_json(worker.kinds).decode(),
            "started_at": worker.started_at_ms,
        }

        async def act(transaction: Transaction) -> bool:
            is_retiring: bool = await transaction.db.value("beat", bound)
            transaction.topics.add(WORKERS)
            return is_retiring

        return await self._access.run_one(act)

    async def leave(self, worker_id: str) -> None:
        async def act(transaction: Transaction) -> None:
            await transaction.db.all("leave_worker", {"id": worker_id})
            transaction.topics.add(WORKERS)

        await self._access.run_one(act)

    async def active(self) -> list[WorkerRecord]:
        bound = {"lease": self._access.lease_ms}
        rows = await self._access.run_one(lambda transaction: transaction.db.all("active_workers", bound))
        return [_to_worker(row) for row in rows]

    async def retire(self, worker_id: str) -> WorkerRecord:
        async def act(transaction: Transaction) -> Row | None:
            transaction.topics.add(WORKERS)
            return await transaction.db.one("retire", {"id": worker_id, "lease": self._access.lease_ms})

        row = await self._access.run_one(act)
        if row is None:
            raise UnknownWorker(worker_id)
        return _to_worker(row)

    async def dead(self) -> list[str]:
        """Never any: a server sees sessions end, which says nothing of the worker behind them."""
        return []

    async def prune(self) -> int:
        bound = {"silence": _FORGOTTEN_AFTER_LEASES * self._access.lease_ms}
        return len(await self._access.run_one(lambda transaction: transaction.db.all("prune_workers", bound)))


def _to_worker(row: Row) -> WorkerRecord:
    worker = WorkerRecord._make(row)
    return worker._replace(queues=tuple(from_json(row[5])), kinds=tuple(from_json(row[6])))
