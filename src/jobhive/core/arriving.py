"""What stands in the way of new jobs: idempotency keys that are known, and queues that are full."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from jobhive.core.errors import KeyReused, QueueFull
from jobhive.core.record import NewJob

_LONGEST_WAIT_SECONDS = 3600


class KeyedJob(NamedTuple):
    """The job to which an idempotency key belongs."""

    job_id: str
    kind: str
    params: str


def known_jobs(jobs: Iterable[NewJob], stored: Mapping[tuple[str, str], KeyedJob]) -> dict[str, str]:
    """Which of the jobs already stand under another id, by the new id. Raises KeyReused for other work.

    `stored` has the jobs of known keys, by owner and key.
    """
    known: dict[str, str] = {}
    seen = dict(stored)  # and keys first seen within this batch
    for job in jobs:
        if job.key is None:
            continue
        first = seen.setdefault((job.owner, job.key), KeyedJob(job.job_id, job.kind, job.params))
        if (first.kind, first.params) != (job.kind, job.params):
            raise KeyReused(job.key, first.job_id)
        if first.job_id != job.job_id:
            known[job.job_id] = first.job_id
    return known


class Depth(NamedTuple):
    """How full a queue with a limit is."""

    waiting: int  # jobs
    limit: int
    oldest_ms: int | None  # arrival of the oldest pending one


def refuse_if_full(queue: str, depth: Depth, added: int, now_ms: int) -> None:
    """Raises QueueFull where so many more jobs would pass the queue's limit."""
    if added and depth.waiting + added > depth.limit:
        wait_seconds = 1 if depth.oldest_ms is None else (now_ms - depth.oldest_ms) // 1000 + 1
        raise QueueFull(queue, depth.waiting, depth.limit, min(wait_seconds, _LONGEST_WAIT_SECONDS))
