"""How an attempt ended (outcome) and what that makes of the job (move). `decide` ties them; it is pure."""

import re
import traceback as tracebacks
from datetime import timedelta
from enum import StrEnum
from random import Random
from typing import NamedTuple, assert_never

from jobhive.core.clock import to_milliseconds
from jobhive.core.receipt import Claim
from jobhive.core.retry import RetryPolicy

_CODE = re.compile(r"[A-Z][A-Z0-9_]{2,63}")
_MESSAGE_LIMIT = 10_000
_TRACEBACK_LIMIT = 50_000


class OnCrash(StrEnum):
    """What becomes of a job whose worker died under it."""

    RETRY = "retry"
    FAIL = "fail"


class JobError(NamedTuple):
    """Why an attempt failed."""

    type: str  # name of the exception's class
    message: str
    traceback: str  # empty where there was none; never sent to HTTP clients
    code: str  # stable, such as JOB_ERROR, TIMEOUT, CRASHED, INVALID_PARAMS, INVALID_RESULT

    @classmethod
    def of(cls, error: BaseException, code: str | None = None) -> "JobError":
        """Describes an exception; its own `code` wins over JOB_ERROR where it has one in capitals."""
        return cls(
            type=type(error).__name__,
            message=storable(_message(error)[:_MESSAGE_LIMIT]),
            traceback=storable(_shortened("".join(tracebacks.format_exception(error)))),
            code=code or _own_code(error) or "JOB_ERROR",
        )


def storable(text: str) -> str:
    """The text with what UTF-8 cannot hold escaped, such as the odd bytes of a file's name."""
    return text.encode("utf-8", "backslashreplace").decode()


def _shortened(traceback: str) -> str:
    """Where it began and how it ended; what is too long between them is left out."""
    if len(traceback) <= _TRACEBACK_LIMIT:
        return traceback
    half = _TRACEBACK_LIMIT // 2
    return f"{traceback[:half]}\n…\n{traceback[-half:]}"


def _own_code(error: BaseException) -> str | None:
    """Other libraries' exceptions have codes of other sorts: numbers, URLs, whatever was given to `exit()`."""
    own = getattr(error, "code", None) if isinstance(error, Exception) else None
    return str(own) if isinstance(own, str) and _CODE.fullmatch(own) else None


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as broken:  # an exception whose own text fails must not take the worker along
        return f"its message cannot be told: {type(broken).__name__}"


# ---- outcomes: what the executor saw -------------------------------------------------------------------------


class Completed(NamedTuple):
    """The handler returned."""

    result: str  # JSON text
    ending: str | None = None  # JSON object for the `end` event, where the kind words its own


class Failed(NamedTuple):
    """The handler raised, timed out or returned the wrong type."""

    error: JobError
    is_retryable: bool = True


class RetryAsked(NamedTuple):
    """The handler raised `Retry`: a failed attempt whose delay the handler may have chosen."""

    error: JobError
    after: timedelta | None


class Snoozed(NamedTuple):
    """The handler raised `Snooze`: run again later; no attempt is spent."""

    delay: timedelta


class Cancelled(NamedTuple):
    """Somebody asked for it, or the handler raised `Cancel`, and the handler has stopped."""

    reason: str


class Discarded(NamedTuple):
    """The handler raised `Discard`: failed for good, without further attempts."""

    error: JobError


class Released(NamedTuple):
    """The worker stops before the handler was done: given back, no attempt is spent."""

    reason: str


Outcome = Completed | Failed | RetryAsked | Snoozed | Cancelled | Discarded | Released


# ---- moves: what the store is asked to write ------------------------------------------------------------------


class Complete(NamedTuple):
    """running → complete."""

    job_id: str
    token: int
    result: str
    ending: str | None


class Fail(NamedTuple):
    """running → failed."""

    job_id: str
    token: int
    error: JobError


class Schedule(NamedTuple):
    """running → scheduled: a retry (with its error) or a snooze (without)."""

    job_id: str
    token: int
    delay_ms: int  # travels as a duration: the store's clock adds it
    reason: str  # told in the stream's `attempt` event
    error: JobError | None


class Cancel(NamedTuple):
    """running → cancelled."""

    job_id: str
    token: int
    reason: str


class Release(NamedTuple):
    """running → pending."""

    job_id: str
    token: int
    reason: str


Move = Complete | Fail | Schedule | Cancel | Release


def decide(claim: Claim, outcome: Outcome, policy: RetryPolicy, random: Random) -> Move:
    """What the attempt's outcome makes of the job. Pure but for the jitter drawn from `random`."""
    job_id, token = claim.job_id, claim.token
    if isinstance(outcome, Completed):  # first and in the plainest words: there are thousands each second
        return Complete(job_id, token, *outcome)
    match outcome:
        case Failed(error, True):
            return _retried(claim, error, None, policy, random)
        case RetryAsked(error, after):
            return _retried(claim, error, after, policy, random)
        case Failed(error) | Discarded(error):
            return Fail(job_id, token, error)
        case Snoozed(delay):
            return Schedule(job_id, token, to_milliseconds(delay), "snooze", None)
        case Cancelled(reason):
            return Cancel(job_id, token, reason)
        case Released(reason):
            return Release(job_id, token, reason)
    assert_never(outcome)


def _retried(claim: Claim, error: JobError, after: timedelta | None, policy: RetryPolicy, random: Random) -> Move:
    failures = claim.failures + 1
    if failures > claim.max_retries:
        return Fail(claim.job_id, claim.token, error)
    delay = policy.backoff.delay(failures, random) if after is None else after
    return Schedule(claim.job_id, claim.token, to_milliseconds(delay), "retry", error)
