"""What operators ask: another life for a job, its deletion, the queues' figures and settings."""

from collections.abc import Mapping
from typing import Unpack

from pydantic import JsonValue

from jobhive.core.audit import Act
from jobhive.core.clock import to_ms
from jobhive.core.event import ATTEMPT
from jobhive.core.record import JobRecord, QueueStatus
from jobhive.core.refusing import refuse_to_purge, refuse_to_retry
from jobhive.core.states import State
from jobhive.core.telling import terminal_event
from jobhive.failpoints import failpoint
from jobhive.store.port import Limits
from jobhive.store.postgres.access import Access
from jobhive.store.postgres.audit import tell
from jobhive.store.postgres.database import Database
from jobhive.store.postgres.moves import append_told
from jobhive.store.postgres.prune import delete
from jobhive.store.postgres.records import locked
from jobhive.store.postgres.writer import Transaction
from jobhive.store.rows import head_of
from jobhive.store.signals import job_topic, queue_topic


class OperateActs:
    """`OperatorJobs` on PostgreSQL."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def retry(self, job_id: str, *, by: str | None = None) -> JobRecord:
        return await self._access.run(lambda transaction: _retry(transaction, job_id, by))

    async def purge(self, job_id: str, *, by: str | None = None) -> None:
        await self._access.run(lambda transaction: _purge(transaction, job_id, by))

    async def queues(self) -> list[QueueStatus]:
        return await self._access.run_one(lambda transaction: _queues(transaction.db))

    async def counts(self) -> Mapping[str, int]:
        rows = await self._access.run_one(lambda transaction: transaction.db.all("counts"))
        counted: dict[str, int] = dict(rows)
        return {state.value: counted.get(state.value, 0) for state in State}

    async def pause(self, queue: str, *, is_paused: bool, by: str | None = None) -> None:
        async def act(transaction: Transaction) -> None:
            await _set(transaction, queue, "pause", {"is_paused": is_paused})
            await tell(transaction, by, Act.QUEUE_PAUSED if is_paused else Act.QUEUE_RESUMED, queue)

        await self._access.run(act)

    async def limit(self, queue: str, *, by: str | None = None, **limits: Unpack[Limits]) -> None:
        values = {"running": limits.get("running"), "depth": limits.get("depth")}
        named = {"names_running": "running" in limits, "names_depth": "depth" in limits}

        async def act(transaction: Transaction) -> None:
            await _set(transaction, queue, "limit", values | named)
            await tell(transaction, by, Act.QUEUE_LIMITED, queue, **limits)

        await self._access.run(act)


async def _set(transaction: Transaction, queue: str, statement: str, settings: Mapping[str, int | None]) -> None:
    await transaction.db.all(statement, {"queue": queue, **settings})
    failpoint("act.configure")
    transaction.topics.add(queue_topic(queue))


async def _retry(transaction: Transaction, job_id: str, by: str | None) -> JobRecord:
    record = await locked(transaction.db, job_id)
    refuse_to_retry(record)
    await _reopen_stream(transaction, record)
    transaction.topics |= {job_topic(job_id), queue_topic(record.queue)}
    after = await locked(transaction.db, job_id)
    await tell(transaction, by, Act.JOB_RETRIED, job_id)
    return after


async def _reopen_stream(transaction: Transaction, record: JobRecord) -> None:
    """The terminal event, told from the row until now, is stored before the row forgets it; `attempt` follows."""
    told = terminal_event(head_of(record))
    if told is None:
        return
    again: dict[str, JsonValue] = {"n": record.attempt + 1, "reason": "operator"}
    now_ms = await transaction.now_ms()
    events = [(told.type, to_ms(told.at), told.data), (ATTEMPT, now_ms, again)]
    await append_told(transaction.db, [(record.job_id, record.token, told.seq, events)])
    await transaction.db.all("reopen", {"id": record.job_id, "last_seq": told.seq + 1})
    failpoint("act.reopen")


async def _purge(transaction: Transaction, job_id: str, by: str | None) -> None:
    record = await locked(transaction.db, job_id)
    refuse_to_purge(record)
    await delete(transaction.db, [job_id])
    transaction.topics.add(job_topic(job_id))
    await tell(transaction, by, Act.JOB_PURGED, job_id, kind=record.kind, owner=record.owner)


async def _queues(db: Database) -> list[QueueStatus]:
    return [QueueStatus._make(row) for row in await db.all("queues")]
