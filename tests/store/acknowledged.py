"""Work on a store that remembers what the store acknowledged, and looks later whether it is still there."""

import asyncio
from collections.abc import Awaitable, Sequence
from random import Random
from typing import NamedTuple, TypeVar

from jobhive.core.errors import StoreError, UnknownJob
from jobhive.core.record import JobRecord
from jobhive.core.states import State
from jobhive.store.port import Store
from jobhive.testing import append, asking, complete, new_job, retry, stored_events

T = TypeVar("T")


class Stored(NamedTuple):
    """The job was inserted."""

    job_id: str

    async def is_missing(self, store: Store) -> bool:
        return await _record(store, self.job_id) is None


class Told(NamedTuple):
    """The job's stream reaches this number."""

    job_id: str
    last_seq: int

    async def is_missing(self, store: Store) -> bool:
        try:
            events = await stored_events(store, self.job_id)
        except UnknownJob:
            return True
        return self.last_seq not in {event.seq for event in events}


class Done(NamedTuple):
    """The job is complete, with this result."""

    job_id: str
    result: str

    async def is_missing(self, store: Store) -> bool:
        record = await _record(store, self.job_id)
        return record is None or (record.state, record.result) != (State.COMPLETE, self.result)


class Tried(NamedTuple):
    """An attempt failed and is recorded."""

    job_id: str
    attempt: int

    async def is_missing(self, store: Store) -> bool:
        return self.attempt not in {attempt.attempt for attempt in await store.jobs.attempts(self.job_id)}


Fact = Stored | Told | Done | Tried


class Ledger:
    """What was acknowledged so far, and what was refused."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.refusals: list[StoreError] = []

    async def asked(self, asked: Awaitable[T], otherwise: T) -> T:
        """The store's answer; a refusal is noted."""
        try:
            return await asked
        except StoreError as refusal:
            self.refusals.append(refusal)
            return otherwise


async def missing(store: Store, facts: Sequence[Fact]) -> list[Fact]:
    """The facts that the store knows nothing of any more."""
    return [fact for fact in facts if await fact.is_missing(store)]


async def work(store: Store, ledger: Ledger, chance: Random, rounds: int, *, actors: int = 1) -> None:
    """Several actors insert, claim, tell and finish at the same time; the random numbers decide what and how much."""
    await asyncio.gather(*(_act(store, ledger, chance, rounds, f"worker-{actor}") for actor in range(actors)))


async def _act(store: Store, ledger: Ledger, chance: Random, rounds: int, worker: str) -> None:
    for _ in range(rounds):
        jobs = [new_job(params=f'{{"text": "{"x" * chance.randint(1, 3000)}"}}') for _ in range(chance.randint(1, 3))]
        ledger.facts += [Stored(job.job_id) for job in await ledger.asked(store.jobs.insert(jobs), [])]
        for claim in await ledger.asked(store.jobs.claim(asking(worker, limit=2)), []):
            told = append(claim, claim.last_seq + 1, "a" * chance.randint(1, 3000), "b")
            accepted = await ledger.asked(store.events.append([told]), [])
            ledger.facts += [Told(job_id, told.last_seq) for job_id in accepted]
            if chance.random() < 0.2:
                accepted = await ledger.asked(store.jobs.finish([retry(claim)]), [])
                ledger.facts += [Tried(job_id, claim.attempt) for job_id in accepted]
            else:
                result = str(chance.random())
                accepted = await ledger.asked(store.jobs.finish([complete(claim, result)]), [])
                ledger.facts += [Done(job_id, result) for job_id in accepted]
        await ledger.asked(store.jobs.stage(10), 0)


async def _record(store: Store, job_id: str) -> JobRecord | None:
    records = await store.jobs.get([job_id])
    return records[0] if records else None
