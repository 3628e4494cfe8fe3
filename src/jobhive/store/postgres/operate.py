"""What operators ask: another life for a job, its deletion, the queues' figures and settings."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import JsonValue

from jobhive.core.clock import from_ms, to_ms
from jobhive.core.errors import IllegalTransition
from jobhive.core.event import ATTEMPT
from jobhive.core.record import JobRecord, QueueStatus
from jobhive.core.states import State
from jobhive.core.telling import terminal_event
from jobhive.store.postgres.access import Access
from jobhive.store.postgres.database import Database
from jobhive.store.postgres.moves import append_told
from jobhive.store.postgres.records import head_of, locked
from jobhive.store.postgres.writer import Transaction
from jobhive.store.signals import job_topic, queue_topic


class OperateActs:
    """`OperatorJobs` on PostgreSQL."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def retry(self, job_id: str) -> JobRecord:
        return await self._access.run(lambda transaction: _retry(transaction, job_id))

    async def purge(self, job_id: str) -> None:
        await self._access.run(lambda transaction: _purge(transaction, job_id))

    async def queues(self) -> list[QueueStatus]:
        return await self._access.run_one(lambda transaction: _queues(transaction.db))

    async def counts(self) -> Mapping[str, int]:
        rows = await self._access.run_one(lambda transaction: transaction.db.all("counts"))
        counted: dict[str, int] = dict(rows)
        return {state.value: counted.get(state.value, 0) for state in State}

    async def pause(self, queue: str, *, is_paused: bool) -> QueueStatus:
        return await self._set(queue, "pause", {"is_paused": is_paused})

    async def limit(self, queue: str, *, running: int | None, depth: int | None) -> QueueStatus:
        return await self._set(queue, "limit", {"running": running, "depth": depth})

    async def _set(self, queue: str, statement: str, settings: dict[str, int | None]) -> QueueStatus:
        async def act(transaction: Transaction) -> QueueStatus:
            await transaction.db.all(statement, {"queue": queue, **settings})
            transaction.topics.add(queue_topic(queue))
            listed = await _queues(transaction.db)
            return next(status for status in listed if status.name == queue)

        return await self._access.run(act)


async def _retry(transaction: Transaction, job_id: str) -> JobRecord:
    record = await locked(transaction.db, job_id)
    if record.state not in (State.FAILED, State.CANCELLED):
        raise IllegalTransition(
            job_id, record.state, "retried", _since(record), "only failed and cancelled jobs can be tried again"
        )
    await _reopen_stream(transaction, record)
    transaction.topics |= {job_topic(job_id), queue_topic(record.queue)}
    return await locked(transaction.db, job_id)


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


async def _purge(transaction: Transaction, job_id: str) -> None:
    record = await locked(transaction.db, job_id)
    if not record.state.is_final:
        raise IllegalTransition(job_id, record.state, "purged", _since(record), "cancel it first")
    for statement in ("purge_events", "purge_attempts", "purge_job"):
        await transaction.db.all(statement, {"id": job_id})
    transaction.topics.add(job_topic(job_id))


def _since(record: JobRecord) -> datetime:
    moment = record.finished_at_ms or record.claimed_at_ms or record.created_at_ms
    return from_ms(moment)


async def _queues(db: Database) -> list[QueueStatus]:
    return [QueueStatus._make(row) for row in await db.all("queues")]
