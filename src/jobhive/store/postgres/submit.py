"""What submitters ask: insert, look up, list, cancel."""

from collections.abc import Sequence

from jobhive.core.clock import from_ms
from jobhive.core.errors import FieldError, IllegalTransition, InvalidInput
from jobhive.core.record import AttemptRecord, Inserted, JobFilter, JobRecord, NewJob
from jobhive.core.states import State
from jobhive.store.port import Page
from jobhive.store.postgres.access import Access
from jobhive.store.postgres.database import Database
from jobhive.store.postgres.group import Group
from jobhive.store.postgres.insert import Inserting
from jobhive.store.postgres.records import locked, to_attempt, to_record
from jobhive.store.postgres.statements import sql
from jobhive.store.postgres.writer import Transaction
from jobhive.store.signals import CANCELS, job_topic

_NO_CURSOR = (1 << 63) - 1


class SubmitActs:
    """`SubmitterJobs` on PostgreSQL."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._inserts = Group(Inserting(access.writer).insert)

    async def insert(self, jobs: Sequence[NewJob]) -> list[Inserted]:
        return await self._access.home.run(lambda: self._inserts.ask(jobs))

    async def get(self, job_ids: Sequence[str]) -> list[JobRecord]:
        rows = await self._access.run_one(lambda transaction: transaction.db.all("get", {"ids": list(job_ids)}))
        found = {record.job_id: record for record in map(to_record, rows)}
        return [found[job_id] for job_id in job_ids if job_id in found]

    async def attempts(self, job_id: str) -> list[AttemptRecord]:
        rows = await self._access.run_one(lambda transaction: transaction.db.all("attempts", {"id": job_id}))
        return [to_attempt(row) for row in rows]

    async def list(self, where: JobFilter, limit: int, cursor: str | None) -> Page:
        before = _read_cursor(cursor)
        return await self._access.run_one(lambda transaction: _list(transaction.db, where, limit, before))

    async def cancel(self, job_id: str, reason: str) -> JobRecord:
        return await self._access.run(lambda transaction: _cancel(transaction, job_id, reason))


async def _list(db: Database, where: JobFilter, limit: int, before: int) -> Page:
    named = {name: value for name, value in where._asdict().items() if value is not None}
    conditions = "".join(f" AND {name} = :{name}" for name in named if name != "state")
    if where.state is not None:
        conditions += f" AND state = '{where.state.value}'"  # literal, so that a partial index can serve it
    statement = sql("list").replace("/* conditions */", conditions)
    rows = await db.ask(statement, {**named, "before": before, "limit": limit})
    cursor = str(rows[-1][-1]) if rows and len(rows) == limit else None
    return Page([to_record(row) for row in rows], cursor)


def _read_cursor(cursor: str | None) -> int:
    if cursor is None:
        return _NO_CURSOR
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        error = FieldError("cursor", "cursor", "use the cursor of the page before, unchanged")
        raise InvalidInput("the listing cannot go on", [error])
    return int(cursor)


async def _cancel(transaction: Transaction, job_id: str, reason: str) -> JobRecord:
    record = await locked(transaction.db, job_id)
    if record.state in (State.COMPLETE, State.FAILED):
        since = None if record.finished_at_ms is None else from_ms(record.finished_at_ms)
        raise IllegalTransition(job_id, record.state, "cancelled", since, "a finished job can only be purged")
    if record.state is State.CANCELLED:
        return record
    statement = "request_cancel" if record.state is State.RUNNING else "cancel_idle"
    now_ms = await transaction.now_ms()
    await transaction.db.all(statement, {"id": job_id, "now": now_ms, "reason": reason})
    transaction.topics |= {job_topic(job_id), CANCELS}
    return await locked(transaction.db, job_id)
