"""New jobs: one statement where nothing stands in their way, a transaction where keys or limits are to be looked at."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from jobhive.core.errors import KeyReused, QueueFull
from jobhive.core.record import Inserted, NewJob
from jobhive.store.postgres.database import Database
from jobhive.store.postgres.writer import Raced, Transaction, Writer
from jobhive.store.signals import SCHEDULE, queue_topic


class _Known(NamedTuple):
    """Whose idempotency key it is."""

    job_id: str
    kind: str
    params: str


class Inserting:
    """Stores all or none, in order. Raises KeyReused, QueueFull."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def insert(self, jobs: Sequence[NewJob]) -> list[Inserted]:
        """Jobs without keys first try to go at once; where one did not, all are looked at in a transaction."""
        if not any(job.key for job in jobs):
            count = await self._writer.run_one(partial(_insert, jobs=jobs, is_checked=False))
            if len(count) == len(jobs):
                return [Inserted(job.job_id, is_new=True) for job in jobs]
        return await self._writer.run(partial(_insert_checked, jobs=jobs))


async def _insert(transaction: Transaction, jobs: Sequence[NewJob], *, is_checked: bool) -> set[str]:
    """Which ids were new. Unless all was checked before, nothing is stored where a queue has a depth limit."""
    rows = await transaction.db.all("insert", {**_columns(jobs), "is_checked": is_checked})
    scheduled = {job_id for job_id, is_scheduled in rows if is_scheduled}
    if scheduled:
        transaction.topics.add(SCHEDULE)
    transaction.topics.update({queue_topic(job.queue) for job in jobs if job.job_id not in scheduled})
    return {job_id for job_id, _ in rows}


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


async def _insert_checked(transaction: Transaction, jobs: Sequence[NewJob]) -> list[Inserted]:
    db = transaction.db
    limits = await db.all("lock_depths", {"queues": sorted({job.queue for job in jobs})})
    known = _known_jobs(jobs, await _owners_of_keys(db, jobs))
    new = [job for job in jobs if job.job_id not in known]
    if limits:
        await _check_depths(db, new, dict(limits))
    if new:
        stored = await _insert(transaction, new, is_checked=True)
        await _refuse_to_race(db, [job for job in new if job.key is not None and job.job_id not in stored])
    return [Inserted(known.get(job.job_id, job.job_id), job.job_id not in known) for job in jobs]


async def _owners_of_keys(db: Database, jobs: Iterable[NewJob]) -> dict[tuple[str, str], _Known]:
    keyed = sorted({(job.owner, job.key) for job in jobs if job.key is not None})
    if not keyed:
        return {}
    rows = await db.all("find_keys", {"owners": [owner for owner, _ in keyed], "keys": [key for _, key in keyed]})
    return {(owner, key): _Known(job_id, kind, params) for owner, key, job_id, kind, params in rows}


def _known_jobs(jobs: Iterable[NewJob], stored: Mapping[tuple[str, str], _Known]) -> dict[str, str]:
    """Which of the jobs already stand under another id, by the new id. Raises KeyReused for other work."""
    known: dict[str, str] = {}
    seen = dict(stored)  # and keys first seen within this batch
    for job in jobs:
        if job.key is None:
            continue
        first = seen.setdefault((job.owner, job.key), _Known(job.job_id, job.kind, job.params))
        if (first.kind, first.params) != (job.kind, job.params):
            raise KeyReused(job.key, first.job_id)
        if first.job_id != job.job_id:
            known[job.job_id] = first.job_id
    return known


async def _check_depths(db: Database, jobs: Sequence[NewJob], limits: Mapping[str, int]) -> None:
    """Raises QueueFull where a queue's limit would be passed; a repeated call adds nothing."""
    limited = [job for job in jobs if job.queue in limits]
    stored = {row[0] for row in await db.all("stored", {"ids": [job.job_id for job in limited]})}
    for queue, limit in limits.items():
        added = sum(job.queue == queue and job.job_id not in stored for job in limited)
        [(depth, oldest, now_ms)] = await db.all("depth", {"queue": queue})
        if added and depth + added > limit:
            wait_seconds = 1 if oldest is None else (now_ms - oldest) // 1000 + 1
            raise QueueFull(queue, depth, limit, min(wait_seconds, 3600))


async def _refuse_to_race(db: Database, passed_over: Sequence[NewJob]) -> None:
    """A keyed job that was not stored is either stored already, or somebody took its key a moment ago. Raises Raced."""
    ids = [job.job_id for job in passed_over]
    if ids and len(await db.all("stored", {"ids": ids})) < len(set(ids)):
        raise Raced("another job took the same idempotency key at the same time")
