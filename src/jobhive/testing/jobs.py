"""Small builders: a job to insert, a claim, and what its owner writes."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import TypedDict

from typing_extensions import Unpack

from jobhive.core.clock import to_milliseconds
from jobhive.core.event import Append
from jobhive.core.ids import new_job_id
from jobhive.core.outcome import Cancel, Complete, Fail, JobError, Release, Schedule
from jobhive.core.receipt import Claim, Receipt
from jobhive.core.record import NewJob
from jobhive.core.rescue import Death
from jobhive.store.port import ClaimRequest, Store

KILLED = Death("was killed by SIGKILL")
BROKEN = JobError("ValueError", "broken", "Traceback: broken", "JOB_ERROR")
PLENTY = 10_000

Owned = Claim | Receipt


class JobChanges(TypedDict, total=False):
    """The fields of `NewJob` that a test may want otherwise."""

    job_id: str
    queue: str
    params: str
    priority: int
    owner: str
    key: str | None
    max_retries: int
    on_crash: str
    delay_ms: int
    run_at_ms: int | None


def new_job(kind: str = "noop", **changes: Unpack[JobChanges]) -> NewJob:
    """A job for queue `default` with the params `{}` and a fresh id, changed as told."""
    return NewJob(new_job_id(), kind, "default", "{}")._replace(**changes)


async def insert_one(store: Store, kind: str = "noop", **changes: Unpack[JobChanges]) -> str:
    """Inserts one such job and returns its id."""
    [inserted] = await store.jobs.insert([new_job(kind, **changes)])
    return inserted.job_id


def asking(
    worker: str = "a", *, queues: Sequence[str] = ("default",), kinds: Sequence[str] = ("noop",), limit: int = PLENTY
) -> ClaimRequest:
    """A request for all that is pending on queue `default`, changed as told."""
    return ClaimRequest(worker, queues, kinds, limit)


async def claim_one(
    store: Store, worker: str = "a", *, queues: Sequence[str] = ("default",), kinds: Sequence[str] = ("noop",)
) -> Claim:
    """Stages what is due, rescues what is lost, and claims the next job. Raises LookupError where there is none."""
    await store.jobs.stage(PLENTY)
    await store.jobs.rescue(PLENTY)
    claims = await store.jobs.claim(asking(worker, queues=queues, kinds=kinds, limit=1))
    if not claims:
        raise LookupError(f"nothing to claim for {worker} in {queues}; jobs by state: {await store.jobs.counts()}")
    return claims[0]


async def claim_suspects(store: Store, worker: str = "a", limit: int = PLENTY) -> list[Claim]:
    """Claims as a worker does that runs suspects alone."""
    return await store.jobs.claim(asking(worker, limit=limit)._replace(is_for_suspects=True))


async def claim_any(store: Store, worker: str = "a") -> Claim:
    """Claims a suspect if there is one, or else the next job. Raises LookupError where there is none."""
    suspects = await claim_suspects(store, worker, limit=1)
    return suspects[0] if suspects else await claim_one(store, worker)


async def start_one(store: Store, worker: str = "a", **changes: Unpack[JobChanges]) -> Claim:
    """Inserts one job and claims it, whatever else is pending."""
    claim = await store.jobs.claim_one(await insert_one(store, **changes), asking(worker))
    if claim is None:
        raise LookupError(f"the job just inserted cannot be claimed; jobs by state: {await store.jobs.counts()}")
    return claim


# ---- what an owner writes --------------------------------------------------------------------------------------


def complete(owned: Owned, result: str = "null", ending: str | None = None) -> Complete:
    """The attempt returned `result` (JSON text)."""
    return Complete(owned.job_id, owned.token, result, ending)


def fail(owned: Owned, error: JobError = BROKEN) -> Fail:
    """The attempt failed for good."""
    return Fail(owned.job_id, owned.token, error)


def retry(owned: Owned, delay: timedelta = timedelta(0), error: JobError = BROKEN) -> Schedule:
    """The attempt failed and is to be tried again after `delay`."""
    return Schedule(owned.job_id, owned.token, to_milliseconds(delay), "retry", error)


def snooze(owned: Owned, delay: timedelta = timedelta(0)) -> Schedule:
    """The attempt is to run again after `delay`; nothing failed."""
    return Schedule(owned.job_id, owned.token, to_milliseconds(delay), "snooze", None)


def cancel(owned: Owned, reason: str = "asked to stop") -> Cancel:
    """The handler stopped because it was asked to."""
    return Cancel(owned.job_id, owned.token, reason)


def release(owned: Owned, reason: str = "shutdown") -> Release:
    """The worker gives the job back unfinished."""
    return Release(owned.job_id, owned.token, reason)


def append(owned: Owned, first_seq: int, *values: str, progress: str | None = None) -> Append:
    """A batch of `item` events, one for each value, numbered from `first_seq` on."""
    events = json.dumps([["item", 0, {"value": value}] for value in values])
    return Append(owned.job_id, owned.token, first_seq, first_seq + len(values) - 1, events, progress)
