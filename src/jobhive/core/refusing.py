"""What an operator may not ask of a job in its state."""

from datetime import datetime

from jobhive.core.clock import from_ms
from jobhive.core.errors import IllegalTransition
from jobhive.core.record import JobRecord
from jobhive.core.states import State


def refuse_to_cancel(record: JobRecord) -> None:
    """Raises IllegalTransition for a job that has ended otherwise."""
    if record.state in (State.COMPLETE, State.FAILED):
        raise _refusal(record, "cancelled", "a finished job can only be purged")


def refuse_to_retry(record: JobRecord) -> None:
    """Raises IllegalTransition unless the job has failed or was cancelled."""
    if record.state not in (State.FAILED, State.CANCELLED):
        raise _refusal(record, "retried", "only failed and cancelled jobs can be tried again")


def refuse_to_purge(record: JobRecord) -> None:
    """Raises IllegalTransition unless the job is final."""
    if not record.state.is_final:
        raise _refusal(record, "purged", "cancel it first")


def _refusal(record: JobRecord, wanted: str, advice: str) -> IllegalTransition:
    return IllegalTransition(record.job_id, record.state, wanted, _since(record), advice)


def _since(record: JobRecord) -> datetime:
    return from_ms(record.finished_at_ms or record.claimed_at_ms or record.created_at_ms)
