"""What submitters ask: insert, look up, list, cancel."""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import cast

from pydantic_core import to_json

from jobhive.core.arriving import Depth, KeyedJob, known_jobs, refuse_if_full
from jobhive.core.audit import Act
from jobhive.core.errors import UnknownJob
from jobhive.core.record import AttemptRecord, Inserted, JobFilter, JobRecord, NewJob
from jobhive.core.refusing import refuse_to_cancel
from jobhive.core.states import State
from jobhive.failpoints import failpoint
from jobhive.store.listing import begin_of_page, narrowed, to_page
from jobhive.store.port import Page
from jobhive.store.rows import Row, to_attempt
from jobhive.store.signals import CANCELS, SCHEDULE, job_topic, queue_topic
from jobhive.store.sqlite.access import Access
from jobhive.store.sqlite.audit import tell
from jobhive.store.sqlite.database import Database
from jobhive.store.sqlite.records import find
from jobhive.store.sqlite.statements import sql
from jobhive.store.sqlite.writer import Transaction

_LARGE = 10_000_000  # characters; SQLite holds a thousand million bytes in one text
_NEWEST = (1 << 63) - 1  # the last number that could be


class SubmitActs:
    """`SubmitterJobs` on SQLite."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def insert(self, jobs: Sequence[NewJob], *, by: str | None = None) -> list[Inserted]:
        return await self._access.writer.run(lambda transaction: _insert(transaction, jobs, by))

    async def get(self, job_ids: Sequence[str]) -> list[JobRecord]:
        found = await self._access.readers.run(lambda db: [find(db, job_id) for job_id in job_ids])
        return [record for record in found if record is not None]

    async def attempts(self, job_id: str) -> list[AttemptRecord]:
        return await self._access.readers.run(
            lambda db: [to_attempt(row) for row in db.all("attempts", {"id": job_id})]
        )

    async def list(self, where: JobFilter, limit: int, cursor: str | None) -> Page:
        before = min(begin_of_page(limit, cursor), _NEWEST)
        return await self._access.readers.run(lambda db: _list(db, where, limit, before))

    async def cancel(self, job_id: str, reason: str, *, by: str | None = None) -> JobRecord:
        return await self._access.writer.run(lambda transaction: _cancel(transaction, job_id, reason, by))


def _insert(transaction: Transaction, jobs: Sequence[NewJob], by: str | None) -> list[Inserted]:
    known = _known_keys(transaction.db, jobs)
    new = [job for job in jobs if job.job_id not in known] if known else jobs
    _check_depth(transaction, new)
    if by is not None:
        _tell_created(transaction, new, by)
    for _, group in groupby(new, attrgetter("sort")):
        alike = list(group)
        due = _due(alike[0], transaction.now_ms)
        _insert_alike(transaction, alike, due)
        transaction.topics.add(queue_topic(alike[0].queue) if due is None else SCHEDULE)
    return [Inserted(known.get(job.job_id, job.job_id), job.job_id not in known) for job in jobs]


def _tell_created(transaction: Transaction, jobs: Sequence[NewJob], by: str) -> None:
    """Before they are stored: an id that is there already is a repeated call."""
    for job in jobs:
        if find(transaction.db, job.job_id) is None:
            tell(transaction, by, Act.JOB_CREATED, job.job_id, kind=job.kind, queue=job.queue, owner=job.owner)


def _insert_alike(transaction: Transaction, jobs: Sequence[NewJob], due: int | None) -> None:
    """Jobs that differ in id and params only."""
    failpoint("act.insert")
    state = "pending" if due is None else "scheduled"
    stored = {"state": state, "created_at": transaction.now_ms, "run_at": due}
    params = {job.job_id: job.params for job in jobs}
    if len(jobs) == 1 or jobs[0].key is not None or sum(map(len, params.values())) > _LARGE:
        transaction.db.many("insert", [job._asdict() | stored | {"id": job.job_id} for job in jobs])
    else:
        transaction.db.run("insert_alike", jobs[0]._asdict() | stored | {"jobs": to_json(params).decode()})


def _known_keys(db: Database, jobs: Sequence[NewJob]) -> dict[str, str]:
    """Which of the jobs already stand under another id, by the new id. Raises KeyReused for other work."""
    keyed = {(job.owner, job.key) for job in jobs if job.key is not None}
    found = {place: db.one("find_key", place) for place in keyed}
    return known_jobs(jobs, {place: KeyedJob._make(row) for place, row in found.items() if row is not None})


def _check_depth(transaction: Transaction, jobs: Sequence[NewJob]) -> None:
    """Raises QueueFull where a queue's limit would be passed; a repeated call adds nothing."""
    for queue, limit in transaction.db.all("depth_limits"):
        added = [job for job in jobs if job.queue == queue and find(transaction.db, job.job_id) is None]
        [(depth, oldest)] = transaction.db.all("depth", {"queue": queue})
        refuse_if_full(queue, Depth(depth, limit, oldest), len(added), transaction.now_ms)


def _due(job: NewJob, now_ms: int) -> int | None:
    """When it is to run, if that is later than now."""
    due = now_ms + job.delay_ms if job.run_at_ms is None else job.run_at_ms
    return due if due > now_ms else None


def _number(row: Row) -> int:
    return cast(int, row[-1])


def _list(db: Database, where: JobFilter, limit: int, before: int) -> Page:
    statement, named = narrowed(sql("list"), where)
    return to_page(db.ask(statement, {**named, "before": before, "limit": limit}), limit, _number)


def _cancel(transaction: Transaction, job_id: str, reason: str, by: str | None) -> JobRecord:
    record = find(transaction.db, job_id)
    if record is None:
        raise UnknownJob(job_id)
    refuse_to_cancel(record)
    if record.state is State.CANCELLED:
        return record
    statement = "request_cancel" if record.state is State.RUNNING else "cancel_idle"
    transaction.db.run(statement, {"id": job_id, "now": transaction.now_ms, "reason": reason})
    failpoint("act.cancel")
    if record.cancel_requested_at_ms is None:
        tell(transaction, by, Act.JOB_CANCELLED, job_id, was=record.state)
    transaction.topics |= {job_topic(job_id), CANCELS}
    return find(transaction.db, job_id) or record
