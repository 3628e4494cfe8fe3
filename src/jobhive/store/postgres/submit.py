"""What submitters ask: insert, look up, list, cancel."""

from collections.abc import Sequence

from jobhive.core.audit import Act
from jobhive.core.ids import job_id_of, number_of
from jobhive.core.record import AttemptRecord, Inserted, JobFilter, JobRecord, NewJob
from jobhive.core.refusing import refuse_to_cancel
from jobhive.core.states import State
from jobhive.failpoints import failpoint
from jobhive.store.listing import begin_of_page, narrowed, to_page
from jobhive.store.port import Page
from jobhive.store.postgres.access import Access
from jobhive.store.postgres.audit import tell
from jobhive.store.postgres.database import Database
from jobhive.store.postgres.group import Group
from jobhive.store.postgres.insert import Asked, Inserting
from jobhive.store.postgres.records import locked
from jobhive.store.postgres.statements import sql
from jobhive.store.postgres.writer import Transaction
from jobhive.store.rows import Row, to_attempt, to_record
from jobhive.store.signals import CANCELS, job_topic

_NEWEST = (1 << 128) - 1  # the number of the last id that could be


class SubmitActs:
    """`SubmitterJobs` on PostgreSQL."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._inserts = Group(Inserting(access.writer).insert)

    async def insert(self, jobs: Sequence[NewJob], *, by: str | None = None) -> list[Inserted]:
        asked = [Asked(job, by) for job in jobs]
        return await self._access.home.run(lambda: self._inserts.ask(asked))

    async def get(self, job_ids: Sequence[str]) -> list[JobRecord]:
        rows = await self._access.run_one(lambda transaction: transaction.db.all("get", {"ids": list(job_ids)}))
        found = {record.job_id: record for record in map(to_record, rows)}
        return [found[job_id] for job_id in job_ids if job_id in found]

    async def attempts(self, job_id: str) -> list[AttemptRecord]:
        rows = await self._access.run_one(lambda transaction: transaction.db.all("attempts", {"id": job_id}))
        return [to_attempt(row) for row in rows]

    async def list(self, where: JobFilter, limit: int, cursor: str | None) -> Page:
        before = job_id_of(min(begin_of_page(limit, cursor), _NEWEST))
        return await self._access.run_one(lambda transaction: _list(transaction.db, where, limit, before))

    async def cancel(self, job_id: str, reason: str, *, by: str | None = None) -> JobRecord:
        return await self._access.run(lambda transaction: _cancel(transaction, job_id, reason, by))


def _number(row: Row) -> int:
    return number_of(row[0])


async def _list(db: Database, where: JobFilter, limit: int, before: str) -> Page:
    statement, named = narrowed(sql("list"), where)
    return to_page(await db.ask(statement, {**named, "before": before, "limit": limit}), limit, _number)


async def _cancel(transaction: Transaction, job_id: str, reason: str, by: str | None) -> JobRecord:
    record = await locked(transaction.db, job_id)
    refuse_to_cancel(record)
    if record.state is State.CANCELLED:
        return record
    statement = "request_cancel" if record.state is State.RUNNING else "cancel_idle"
    now_ms = await transaction.now_ms()
    await transaction.db.all(statement, {"id": job_id, "now": now_ms, "reason": reason})
    failpoint("act.cancel")
    transaction.topics |= {job_topic(job_id), CANCELS}
    after = await locked(transaction.db, job_id)
    if record.cancel_requested_at_ms is None:
        await tell(transaction, by, Act.JOB_CANCELLED, job_id, was=record.state)
    return after
