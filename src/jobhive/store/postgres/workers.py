"""Active workers as their heartbeats tell them."""

import asyncio
from functools import partial

from pydantic_core import to_json

from jobhive.core.audit import Act
from jobhive.core.errors import UnknownWorker
from jobhive.core.record import WorkerRecord
from jobhive.failpoints import failpoint
from jobhive.store.liveness import dead_workers
from jobhive.store.postgres.access import Access
from jobhive.store.postgres.audit import tell
from jobhive.store.postgres.database import Bindings
from jobhive.store.postgres.writer import Transaction
from jobhive.store.rows import Row, to_worker
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

        known = await self._access.run_one(partial(_give_sign, statement="beat", bound=bound))
        if not known:
            return await self._access.run(partial(_join, worker=worker, bound=bound))
        return bool(known[0][0])

    async def leave(self, worker_id: str) -> None:
        async def act(transaction: Transaction) -> None:
            rows = await transaction.db.all("leave_worker", {"id": worker_id})
            failpoint("act.leave_worker")
            transaction.topics.add(WORKERS)
            for row in rows:
                await tell_worker(transaction, Act.WORKER_STOPPED, *row)

        await self._access.run(act)

    async def active(self) -> list[WorkerRecord]:
        bound = {"lease": self._access.lease_ms}
        rows = await self._access.run_one(lambda transaction: transaction.db.all("active_workers", bound))
        return [to_worker(row) for row in rows]

    async def retire(self, worker_id: str, *, by: str | None = None) -> WorkerRecord:
        async def act(transaction: Transaction) -> Row | None:
            row = await transaction.db.one("retire", {"id": worker_id, "lease": self._access.lease_ms})
            failpoint("act.retire")
            transaction.topics.add(WORKERS)
            if row is not None:
                await tell(transaction, by, Act.WORKER_RETIRED, worker_id)
            return row

        row = await self._access.run(act)
        if row is None:
            raise UnknownWorker(worker_id)
        return to_worker(row)

    async def dead(self) -> list[str]:
        return await asyncio.to_thread(dead_workers, self._access.alive_folder)

    async def prune(self) -> int:
        silence_ms = _FORGOTTEN_AFTER_LEASES * self._access.lease_ms

        async def act(transaction: Transaction) -> int:
            bound = {"now": await transaction.now_ms(), "silence": silence_ms}
            lost = await transaction.db.all("prune_workers", bound)
            failpoint("act.prune")
            for row in lost:
                await tell_worker(transaction, Act.WORKER_LOST, *row)
            return len(lost)

        return await self._access.run(act)


async def _join(transaction: Transaction, worker: WorkerRecord, bound: Bindings) -> bool:
    [(is_retiring, is_new)] = await _give_sign(transaction, "join", bound)
    if is_new:
        await tell_worker(transaction, Act.WORKER_STARTED, worker.worker_id, worker.name, worker.node, worker.pid)
    return bool(is_retiring)


async def _give_sign(transaction: Transaction, statement: str, bound: Bindings) -> list[Row]:
    rows = await transaction.db.all(statement, bound)
    failpoint("act.beat")
    transaction.topics.add(WORKERS)
    return rows


async def tell_worker(transaction: Transaction, act: Act, worker_id: str, name: str, node: str, pid: int) -> None:
    """What became of a worker, which nobody but itself asked for."""
    await tell(transaction, worker_id, act, worker_id, name=name, node=node, pid=pid)
