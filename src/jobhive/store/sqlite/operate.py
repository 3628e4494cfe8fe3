"""What operators ask: another life for a job, its deletion, the queues' figures and settings."""

from collections.abc import Mapping
from typing import Unpack, cast

from pydantic import JsonValue

from jobhive.core.audit import Act
from jobhive.core.clock import to_ms
from jobhive.core.errors import UnknownJob
from jobhive.core.event import ATTEMPT
from jobhive.core.record import JobRecord, QueueStatus
from jobhive.core.refusing import refuse_to_purge, refuse_to_retry
from jobhive.core.states import State
from jobhive.core.telling import terminal_event
from jobhive.failpoints import failpoint
from jobhive.store.port import Limits
from jobhive.store.rows import head_of
from jobhive.store.signals import job_topic, queue_topic
from jobhive.store.sqlite.access import Access
from jobhive.store.sqlite.audit import tell
from jobhive.store.sqlite.database import Database
from jobhive.store.sqlite.moves import append_told
from jobhive.store.sqlite.records import find
from jobhive.store.sqlite.writer import Transaction


class OperateActs:
    """`OperatorJobs` on SQLite."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def retry(self, job_id: str, *, by: str | None = None) -> JobRecord:
        return await self._access.writer.run(lambda transaction: _retry(transaction, job_id, by))

    async def purge(self, job_id: str, *, by: str | None = None) -> None:
        await self._access.writer.run(lambda transaction: _purge(transaction, job_id, by))

    async def queues(self) -> list[QueueStatus]:
        now_ms = self._access.clock.now_ms()
        return await self._access.readers.run(lambda db: _queues(db, now_ms))

    async def counts(self) -> Mapping[str, int]:
        rows = await self._access.readers.run(lambda db: db.all("counts"))
        counted = dict(cast("list[tuple[str, int]]", rows))
        return {state.value: counted.get(state.value, 0) for state in State}

    async def pause(self, queue: str, *, is_paused: bool, by: str | None = None) -> None:
        def act(transaction: Transaction) -> None:
            tell(transaction, by, Act.QUEUE_PAUSED if is_paused else Act.QUEUE_RESUMED, queue)
            _set(transaction, queue, "pause", {"is_paused": int(is_paused)})

        await self._access.writer.run(act)

    async def limit(self, queue: str, *, by: str | None = None, **limits: Unpack[Limits]) -> None:
        values = {"running": limits.get("running"), "depth": limits.get("depth")}
        named = {"names_running": int("running" in limits), "names_depth": int("depth" in limits)}

        def act(transaction: Transaction) -> None:
            tell(transaction, by, Act.QUEUE_LIMITED, queue, **limits)
            _set(transaction, queue, "limit", values | named)

        await self._access.writer.run(act)


def _set(transaction: Transaction, queue: str, statement: str, settings: Mapping[str, int | None]) -> None:
    transaction.db.run(statement, {"queue": queue, **settings})
    failpoint("act.configure")
    transaction.topics.add(queue_topic(queue))


def _retry(transaction: Transaction, job_id: str, by: str | None) -> JobRecord:
    record = _existing(transaction.db, job_id)
    refuse_to_retry(record)
    _reopen_stream(transaction, record)
    tell(transaction, by, Act.JOB_RETRIED, job_id)
    transaction.topics |= {job_topic(job_id), queue_topic(record.queue)}
    return _existing(transaction.db, job_id)


def _reopen_stream(transaction: Transaction, record: JobRecord) -> None:
    """The terminal event, told from the row until now, is stored before the row forgets it; `attempt` follows."""
    told = terminal_event(head_of(record))
    if told is None:
        return
    again: dict[str, JsonValue] = {"n": record.attempt + 1, "reason": "operator"}
    events = [(told.type, to_ms(told.at), told.data), (ATTEMPT, transaction.now_ms, again)]
    append_told(transaction, record.job_id, record.token, told.seq, events)
    transaction.db.run("reopen", {"id": record.job_id, "last_seq": told.seq + 1})
    failpoint("act.reopen")


def _purge(transaction: Transaction, job_id: str, by: str | None) -> None:
    record = _existing(transaction.db, job_id)
    refuse_to_purge(record)
    for statement in ("purge_events", "purge_attempts", "purge_job"):
        transaction.db.run(statement, {"id": job_id})
        failpoint("act.purge")
    tell(transaction, by, Act.JOB_PURGED, job_id, kind=record.kind, owner=record.owner)
    transaction.topics.add(job_topic(job_id))


def _existing(db: Database, job_id: str) -> JobRecord:
    record = find(db, job_id)
    if record is None:
        raise UnknownJob(job_id)
    return record


def _queues(db: Database, now_ms: int) -> list[QueueStatus]:
    rows = db.all("queues", {"now": now_ms})
    return [QueueStatus._make((*row[:-1], bool(row[-1]))) for row in rows]
