"""What a store knows of one job: its record, its attempts and its stream, and all three as text for a failing test."""

from typing import NamedTuple

from jobhive.core.event import Chunk, Event, unpack
from jobhive.core.record import AttemptRecord, JobRecord, StreamHead
from jobhive.store.port import Store

_PAGE = 100


class Snapshot(NamedTuple):
    """All that is stored of a job at one moment; two equal ones mean that nothing was written in between."""

    record: JobRecord
    attempts: list[AttemptRecord]
    chunks: list[Chunk]


async def record_of(store: Store, job_id: str) -> JobRecord:
    """The job's record. Raises LookupError where there is none."""
    records = await store.jobs.get([job_id])
    if not records:
        raise LookupError(f"the store has no job {job_id}")
    return records[0]


async def head_of(store: Store, job_id: str) -> StreamHead:
    """The head of the job's stream. Raises UnknownJob."""
    head, _ = await store.events.read(job_id, 0, 1)
    return head


async def stored_chunks(store: Store, job_id: str, after: int = 0) -> list[Chunk]:
    """All batches with numbers above `after`, read page by page. Raises UnknownJob."""
    found: list[Chunk] = []
    while True:
        head, page = await store.events.read(job_id, found[-1].last_seq if found else after, _PAGE)
        found += page
        if not page or page[-1].last_seq >= head.last_seq:
            return found


async def stored_events(store: Store, job_id: str, after: int = 0) -> list[Event]:
    """The stored events above `after`, oldest first; `started` and the terminal event are told from the row instead."""
    chunks = await stored_chunks(store, job_id, after)
    return [event for chunk in chunks for event in unpack(chunk, after)]


async def snapshot(store: Store, job_id: str) -> Snapshot:
    """What is stored of the job now."""
    record = await record_of(store, job_id)
    return Snapshot(record, await store.jobs.attempts(job_id), await stored_chunks(store, job_id))


async def history(store: Store, job_id: str) -> str:
    """The same as text, one fact a line."""
    if not await store.jobs.get([job_id]):
        return f"{job_id} is not stored"
    record, attempts, chunks = await snapshot(store, job_id)
    facts = [f"  {name} = {value!r}" for name, value in record._asdict().items() if value is not None]
    return "\n".join([f"{job_id}:", *facts, *(f"  {attempt}" for attempt in attempts), *(f"  {c}" for c in chunks)])
