"""Attempts that their process could not end in time are judged by its supervisor, under their own receipts."""

from collections.abc import Mapping
from random import Random

from jobhive.client.registry import Kinds
from jobhive.core.outcome import Failed, JobError, Move, decide
from jobhive.core.receipt import Claim, Receipt
from jobhive.core.record import JobRecord
from jobhive.core.states import State
from jobhive.narration import narrate
from jobhive.store.port import Store
from jobhive.worker.limits import overrun
from jobhive.worker.line import Due


async def fail_overdue(store: Store, kinds: Kinds, overdue: Mapping[Receipt, Due]) -> None:
    """Writes what each attempt's passed limit makes of its job. Call it once the process is gone. Raises StoreError."""
    records = {record.job_id: record for record in await store.jobs.get([receipt.job_id for receipt in overdue])}
    known = [(records[each.job_id], due) for each, due in overdue.items() if _is_held(records.get(each.job_id), each)]
    moves = [_move(record, due, kinds) for record, due in known]
    accepted = await store.jobs.finish(moves)
    for record, due in known:
        if record.job_id in accepted:
            sentence = f"its {due.limit} has passed, and its process was stuck"
            narrate("supervisor", "ended", record.kind, sentence, job_id=record.job_id, level="warning")


def _is_held(record: JobRecord | None, receipt: Receipt) -> bool:
    return record is not None and record.token == receipt.token and record.state is State.RUNNING


def _move(record: JobRecord, due: Due, kinds: Kinds) -> Move:
    kind = kinds[record.kind].kind
    error = overrun(kind, due.limit)
    outcome = Failed(JobError.of(error), kind.retry.covers(error))
    return decide(_claim(record), outcome, kind.retry, Random())


def _claim(record: JobRecord) -> Claim:
    """The claim under which the record is held."""
    return Claim(
        job_id=record.job_id,
        token=record.token,
        kind=record.kind,
        params=record.params,
        failures=record.failures,
        max_retries=record.max_retries,
        last_seq=record.last_seq,
        owner=record.owner,
        priority=record.priority,
        key=record.key,
        created_at_ms=record.created_at_ms,
        queue=record.queue,
        claimed_at_ms=record.claimed_at_ms or 0,
        worker=record.worker or "",
    )
