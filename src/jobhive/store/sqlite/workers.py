"""Active workers as their heartbeats tell them."""

import asyncio

from pydantic_core import to_json

from jobhive.core.audit import Act
from jobhive.core.errors import UnknownWorker
from jobhive.core.record import WorkerRecord
from jobhive.failpoints import failpoint
from jobhive.store.liveness import dead_workers
from jobhive.store.rows import Row, to_worker
from jobhive.store.signals import WORKERS
from jobhive.store.sqlite.access import Access
from jobhive.store.sqlite.audit import tell
from jobhive.store.sqlite.writer import Transaction

_FORGOTTEN_AFTER_LEASES = 10


class SqliteWorkers:
    """`Workers` on SQLite."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def beat(self, worker: WorkerRecord) -> bool:
        def act(transaction: Transaction) -> bool:
            bound = worker._asdict() | {
                "id": worker.worker_id,
                "queues": to_json(worker.queues).decode(),
                "kinds": to_json(worker.kinds).decode(),
                "seen_at": transaction.now_ms,
                "started_at": worker.started_at_ms,
            }
            transaction.topics.add(WORKERS)
            if not transaction.db.value("known_worker", {"id": worker.worker_id}):
                tell_worker(transaction, Act.WORKER_STARTED, worker.worker_id, worker.name, worker.node, worker.pid)
            failpoint("act.beat")
            return bool(transaction.db.value("beat", bound))

        return await self._access.writer.run(act)

    async def leave(self, worker_id: str) -> None:
        def act(transaction: Transaction) -> None:
            for row in transaction.db.all("leave_worker", {"id": worker_id}):
                tell_worker(transaction, Act.WORKER_STOPPED, *row)
            failpoint("act.leave_worker")
            transaction.topics.add(WORKERS)

        await self._access.writer.run(act)

    async def active(self) -> list[WorkerRecord]:
        since = self._access.clock.now_ms() - self._access.lease_ms
        rows = await self._access.readers.run(lambda db: db.all("active_workers", {"since": since}))
        return [to_worker(row) for row in rows]

    async def retire(self, worker_id: str, *, by: str | None = None) -> WorkerRecord:
        since = self._access.clock.now_ms() - self._access.lease_ms

        def act(transaction: Transaction) -> list[Row]:
            if transaction.db.changed("retire", {"id": worker_id, "since": since}):
                tell(transaction, by, Act.WORKER_RETIRED, worker_id)
            failpoint("act.retire")
            transaction.topics.add(WORKERS)
            return transaction.db.all("active_workers", {"since": since})  # here: once asked, it may soon be gone

        workers = [to_worker(row) for row in await self._access.writer.run(act)]
        found = [worker for worker in workers if worker.worker_id == worker_id]
        if not found:
            raise UnknownWorker(worker_id)
        return found[0]

    async def dead(self) -> list[str]:
        return await asyncio.to_thread(dead_workers, self._access.alive_folder)

    async def prune(self) -> int:
        now_ms, long_ms = self._access.clock.now_ms(), _FORGOTTEN_AFTER_LEASES * self._access.lease_ms
        bounds = {"before": now_ms - long_ms, "after": now_ms + long_ms}

        def act(transaction: Transaction) -> int:
            lost = transaction.db.all("prune_workers", bounds)
            for row in lost:
                tell_worker(transaction, Act.WORKER_LOST, *row)
            failpoint("act.prune")
            return len(lost)

        return await self._access.writer.run(act)


def tell_worker(transaction: Transaction, act: Act, worker_id: str, name: str, node: str, pid: int) -> None:
    """What became of a worker, which nobody but itself asked for."""
    tell(transaction, worker_id, act, worker_id, name=name, node=node, pid=pid)
