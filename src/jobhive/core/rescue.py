"""What becomes of a job whose worker is gone: a pure decision, told apart by what is known of the end."""

from typing import NamedTuple

from jobhive.core.outcome import JobError, OnCrash
from jobhive.core.states import State

MAX_CRASHES = 3
MAX_LOSSES = 20


class Verdict(NamedTuple):
    """Where a rescued job goes."""

    state: State
    outcome: str  # of the attempt: crashed or lost
    reason: str
    error: JobError | None
    crashes: int  # to add
    losses: int  # to add


def judge(
    *, on_crash: str, crashes: int, losses: int, is_crash: bool, is_cancel_requested: bool, worker: str
) -> Verdict:
    """`is_crash`: the worker's own process died while this job alone was in flight; otherwise nothing speaks against
    the job, and only a long row of losses ends it."""
    outcome = "crashed" if is_crash else "lost"
    if is_cancel_requested:
        return Verdict(State.CANCELLED, outcome, f"cancel requested; its worker {worker} is gone", None, 0, 0)
    crashes, losses = crashes + is_crash, losses + (not is_crash)
    error = _exhausted(on_crash, crashes, losses, worker)
    state = State.PENDING if error is None else State.FAILED
    return Verdict(state, outcome, "rescue", error, int(is_crash), int(not is_crash))


def _exhausted(on_crash: str, crashes: int, losses: int, worker: str) -> JobError | None:
    """Why the job is not run again, or None."""
    if on_crash == OnCrash.FAIL:
        return _error(f"its worker {worker} died in mid-job, and this kind is not run again after that")
    if crashes >= MAX_CRASHES:
        return _error(f"{crashes} workers died while they ran this job alone; the last was {worker}")
    if losses >= MAX_LOSSES:
        return _error(f"{losses} workers were lost while they held this job; the last was {worker}")
    return None


def _error(message: str) -> JobError:
    return JobError("WorkerLost", message, "", "CRASHED")
