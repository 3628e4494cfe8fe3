"""What becomes of a job whose worker is gone: pure decisions, told apart by what is known of the end."""

from collections.abc import Collection, Sequence
from enum import Enum, auto
from typing import NamedTuple

from jobhive.core.outcome import JobError, OnCrash
from jobhive.core.receipt import Receipt
from jobhive.core.states import State

MAX_CRASHES = 3
MAX_LOSSES = 20


class Death(NamedTuple):
    """The end of a worker's process, as its supervisor saw it."""

    how: str  # what happened to it, such as `was killed by SIGKILL`
    begun: Collection[Receipt] | None = None  # claims whose handlers may have begun; None: any may have
    is_crash: bool = True  # False: its supervisor ended it because of a job that is dealt with; the rest is innocent


class Evidence(Enum):
    """What the end of its worker says of one job."""

    LOST = auto()  # the worker gives no sign: nothing is known
    ALONE = auto()  # the process died with this job alone in flight
    IN_COMPANY = auto()  # it died with several in flight: any of them may have done it
    INNOCENT = auto()  # it was ended because of another job
    NOT_BEGUN = auto()  # the job's handler was never called


_OUTCOMES = {  # of the attempt
    Evidence.LOST: "lost",
    Evidence.ALONE: "crashed",
    Evidence.IN_COMPANY: "lost",
    Evidence.INNOCENT: "released",
    Evidence.NOT_BEGUN: "released",
}


class Verdict(NamedTuple):
    """Where a rescued job goes."""

    state: State
    outcome: str  # of the attempt: crashed, lost or released
    reason: str  # told in the stream's `attempt` event
    error: JobError | None = None
    crashes: int = 0  # to add
    losses: int = 0  # to add
    is_suspect: bool = False  # it is to be run again alone


def weigh(held: Sequence[Receipt], death: Death | None) -> list[Evidence]:
    """What the worker's end says of each job that it held. `death` is None where nobody saw it end."""
    if death is None:
        return [Evidence.LOST] * len(held)
    begun = set(held) if death.begun is None else set(held).intersection(death.begun)
    blame = _blame(death, len(begun))
    return [blame if receipt in begun else Evidence.NOT_BEGUN for receipt in held]


def _blame(death: Death, begun: int) -> Evidence:
    if not death.is_crash:
        return Evidence.INNOCENT
    return Evidence.ALONE if begun == 1 else Evidence.IN_COMPANY


def judge(
    evidence: Evidence,
    *,
    on_crash: str,
    crashes: int,
    losses: int,
    is_cancel_requested: bool,
    worker: str,
    how: str | None,
) -> Verdict:
    """What becomes of the job. The third crash alone ends it, and the twentieth loss, which proves nothing by itself.

    A job that must not run twice fails if its handler may have begun, whoever is to blame for the end.
    """
    outcome, how = _OUTCOMES[evidence], how or "gave no sign any more"
    end = f"its worker {worker} {how}"
    if is_cancel_requested:
        return Verdict(State.CANCELLED, outcome, f"cancel requested; {end}")
    if evidence is Evidence.NOT_BEGUN:
        return Verdict(State.PENDING, outcome, f"rescue: its worker {how} before it began the job")
    if on_crash == OnCrash.FAIL:
        final = _error(f"{end} in mid-job, and this kind is not run again after that")
        return _counted(Verdict(State.FAILED, outcome, "rescue", final), evidence)
    verdict = _counted(Verdict(State.PENDING, outcome, f"rescue: its worker {how}"), evidence)
    error = _last_straw(crashes + verdict.crashes, losses + verdict.losses, end)
    return _suspected(verdict, evidence, end) if error is None else verdict._replace(state=State.FAILED, error=error)


def _last_straw(crashes: int, losses: int, end: str) -> JobError | None:
    """Why the job is not run again, or None."""
    if crashes >= MAX_CRASHES:
        return _error(f"{end} with this job alone in flight; such crashes of it: {crashes}, and no more are allowed")
    if losses >= MAX_LOSSES:
        return _error(f"{end}; losses of this job's workers: {losses}, and no more are allowed")
    return None


def _suspected(verdict: Verdict, evidence: Evidence, end: str) -> Verdict:
    """Who was in flight at a crash runs alone the next time, so that a job that does it again harms no other."""
    if evidence is Evidence.ALONE:
        return verdict._replace(is_suspect=True, error=_error(f"{end} with this job alone in flight"))
    if evidence is Evidence.IN_COMPANY:
        return verdict._replace(is_suspect=True, error=_error(f"{end} with this job among those in flight"))
    return verdict


def _counted(verdict: Verdict, evidence: Evidence) -> Verdict:
    is_loss = evidence in (Evidence.LOST, Evidence.IN_COMPANY)
    return verdict._replace(crashes=int(evidence is Evidence.ALONE), losses=int(is_loss))


def _error(message: str) -> JobError:
    return JobError("WorkerLost", message, "", "CRASHED")
