"""New jobs: one statement where nothing stands in their way, a transaction where keys or limits are to be looked at."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import asyncpg

from jobhive.core.arriving import Depth, KeyedJob, known_jobs, refuse_if_full
from jobhive.core.audit import Act, entry
from jobhive.core.record import Inserted, NewJob
from jobhive.failpoints import failpoint
from jobhive.store.postgres.audit import write as write_audit
from jobhive.store.postgres.database import Bindings, Database
from jobhive.store.postgres.portions import portions
from jobhive.store.postgres.writer import Raced, Transaction, Writer
from jobhive.store.rows import Row
from jobhive.store.signals import SCHEDULE, queue_topic


class Asked(NamedTuple):
    """A job to insert, and who asked for it."""

    job: NewJob
    by: str | None


class _Known(Exception):
    """One of the ids is there already."""


class Inserting:
    """Stores all or none, in order. Raises KeyReused, QueueFull."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def insert(self, asked: Sequence[Asked]) -> list[Inserted]:
        """Jobs without keys that nobody in particular asked for first try to go at once; where one did not, or where
        they are too much for one statement, all are looked at in a transaction."""
        jobs = [each.job for each in asked]
        is_plain = not any(each.job.key or each.by for each in asked) and len(_portions(jobs)) == 1
        if is_plain and await self._insert_at_once(jobs):
            return [Inserted(job.job_id, is_new=True) for job in jobs]
        return await self._writer.run(partial(_insert_checked, asked=asked))

    async def _insert_at_once(self, jobs: Sequence[NewJob]) -> bool:
        """Whether nothing stood in their way; where something did, it is to be tried again."""
        sort = jobs[0].sort
        if any(job.sort != sort for job in jobs):
            return len(await self._writer.run_one(partial(_insert, jobs=jobs, is_checked=False))) == len(jobs)
        try:
            return await self._writer.run_one(partial(_insert_alike, jobs=jobs))
        except _Known:
            return False


async def _insert_alike(transaction: Transaction, jobs: Sequence[NewJob]) -> bool:
    """All or, in a queue with a depth limit, none. Raises _Known."""
    bound = jobs[0]._asdict() | {"ids": [job.job_id for job in jobs], "params": [job.params for job in jobs]}
    try:
        [(stored, scheduled)] = await _write(transaction, "insert_alike", bound)
    except asyncpg.UniqueViolationError as error:
        raise _Known from error
    if stored:
        transaction.topics.add(SCHEDULE if scheduled else queue_topic(jobs[0].queue))
    return bool(stored)


async def _insert(transaction: Transaction, jobs: Sequence[NewJob], *, is_checked: bool) -> set[str]:
    """Which ids were new. Unless all was checked before, nothing is stored where a queue has a depth limit."""
    rows = await _write(transaction, "insert", {**_columns(jobs), "is_checked": is_checked})
    scheduled = {job_id for job_id, is_scheduled in rows if is_scheduled}
    if scheduled:
        transaction.topics.add(SCHEDULE)
    transaction.topics.update({queue_topic(job.queue) for job in jobs if job.job_id not in scheduled})
    return {job_id for job_id, _ in rows}


async def _insert_all(transaction: Transaction, jobs: Sequence[NewJob]) -> set[str]:
    """The same for any number of jobs that were checked before: as many statements as their params take."""
    stored: set[str] = set()
    for portion in _portions(jobs):
        stored |= await _insert(transaction, portion, is_checked=True)
    return stored


def _portions(jobs: Sequence[NewJob]) -> Sequence[Sequence[NewJob]]:
    return portions(jobs, [len(job.params) for job in jobs])


async def _write(transaction: Transaction, statement: str, bound: Bindings) -> list[Row]:
    rows = await transaction.db.all(statement, bound)
    failpoint("act.insert")
    return rows


def _columns(jobs: Sequence[NewJob]) -> dict[str, object]:
    ids, kinds, queues, params, priorities, owners, keys, max_retries, on_crashes, delays, run_ats = map(
        list, zip(*jobs, strict=True)
    )
    return {
        "ids": ids,
        "kinds": kinds,
        "queues": queues,
        "params": params,
        "priorities": priorities,
        "owners": owners,
        "keys": keys,
        "max_retries": max_retries,
        "on_crashes": on_crashes,
        "delays": delays,
        "run_ats": run_ats,
    }


async def _insert_checked(transaction: Transaction, asked: Sequence[Asked]) -> list[Inserted]:
    db, jobs = transaction.db, [each.job for each in asked]
    limits = await db.all("lock_depths", {"queues": sorted({job.queue for job in jobs})})
    known = known_jobs(jobs, await _owners_of_keys(db, jobs))
    new = [job for job in jobs if job.job_id not in known]
    if limits:
        await _check_depths(db, new, dict(limits))
    if new:
        stored = await _insert_all(transaction, new)
        await _refuse_to_race(db, [job for job in new if job.key is not None and job.job_id not in stored])
        await _tell_created(transaction, asked, stored)
    return [Inserted(known.get(job.job_id, job.job_id), job.job_id not in known) for job in jobs]


async def _tell_created(transaction: Transaction, asked: Sequence[Asked], stored: Collection[str]) -> None:
    """Of those that were not there: an id that is there already is a repeated call."""
    entries = {
        job.job_id: entry(by, Act.JOB_CREATED, job.job_id, {"kind": job.kind, "queue": job.queue, "owner": job.owner})
        for job, by in asked
        if by is not None and job.job_id in stored
    }
    await write_audit(transaction, list(entries.values()))


async def _owners_of_keys(db: Database, jobs: Iterable[NewJob]) -> dict[tuple[str, str], KeyedJob]:
    keyed = sorted({(job.owner, job.key) for job in jobs if job.key is not None})
    if not keyed:
        return {}
    rows = await db.all("find_keys", {"owners": [owner for owner, _ in keyed], "keys": [key for _, key in keyed]})
    return {(owner, key): KeyedJob(job_id, kind, params) for owner, key, job_id, kind, params in rows}


async def _check_depths(db: Database, jobs: Sequence[NewJob], limits: Mapping[str, int]) -> None:
    """Raises QueueFull where a queue's limit would be passed; a repeated call adds nothing."""
    limited = [job for job in jobs if job.queue in limits]
    stored = {row[0] for row in await db.all("stored", {"ids": [job.job_id for job in limited]})}
    for queue, limit in limits.items():
        added = sum(job.queue == queue and job.job_id not in stored for job in limited)
        [(depth, oldest, now_ms)] = await db.all("depth", {"queue": queue})
        refuse_if_full(queue, Depth(depth, limit, oldest), added, now_ms)


async def _refuse_to_race(db: Database, passed_over: Sequence[NewJob]) -> None:
    """A keyed job that was not stored is either stored already, or somebody took its key a moment ago. Raises Raced."""
    ids = [job.job_id for job in passed_over]
    if ids and len(await db.all("stored", {"ids": ids})) < len(set(ids)):
        raise Raced("another job took the same idempotency key at the same time")
