"""What an attempt's outcome makes of the job: a table, and what holds for every claim."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobhive.core.clock import to_milliseconds
from jobhive.core.outcome import (
    Cancel,
    Cancelled,
    Complete,
    Completed,
    Discarded,
    Fail,
    Failed,
    JobError,
    Move,
    Outcome,
    Release,
    Released,
    RetryAsked,
    Schedule,
    Snoozed,
    decide,
)
from jobhive.core.receipt import Claim
from jobhive.core.retry import Backoff, RetryPolicy

SECOND = timedelta(seconds=1)
ERROR = JobError("ValueError", "broken", "Traceback", "JOB_ERROR")
STEADY = RetryPolicy(backoff=Backoff(base=SECOND, jitter=0))
TOKEN = 1 << 32 | 7


def a_claim(*, failures: int = 0, max_retries: int = 3) -> Claim:
    return Claim(
        job_id="job-1",
        token=TOKEN,
        kind="noop",
        queue="default",
        params="{}",
        failures=failures,
        max_retries=max_retries,
        last_seq=1,
        claimed_at_ms=0,
        owner="",
        priority=0,
        key=None,
        created_at_ms=0,
        worker="a",
    )


def scheduled(delay: timedelta, reason: str, error: JobError | None) -> Schedule:
    return Schedule("job-1", TOKEN, to_milliseconds(delay), reason, error)


@pytest.mark.parametrize(
    ("outcome", "failures", "move"),
    [
        (Completed("1"), 0, Complete("job-1", TOKEN, "1", None)),
        (Completed("1", '{"stop_reason":"EOS"}'), 9, Complete("job-1", TOKEN, "1", '{"stop_reason":"EOS"}')),
        (Failed(ERROR), 0, scheduled(1 * SECOND, "retry", ERROR)),
        (Failed(ERROR), 1, scheduled(2 * SECOND, "retry", ERROR)),
        (Failed(ERROR), 2, scheduled(4 * SECOND, "retry", ERROR)),
        (Failed(ERROR), 3, Fail("job-1", TOKEN, ERROR)),
        (Failed(ERROR), 99, Fail("job-1", TOKEN, ERROR)),
        (Failed(ERROR, is_retryable=False), 0, Fail("job-1", TOKEN, ERROR)),
        (RetryAsked(ERROR, None), 1, scheduled(2 * SECOND, "retry", ERROR)),
        (RetryAsked(ERROR, timedelta(0)), 1, scheduled(timedelta(0), "retry", ERROR)),
        (RetryAsked(ERROR, 90 * SECOND), 2, scheduled(90 * SECOND, "retry", ERROR)),
        (RetryAsked(ERROR, 90 * SECOND), 3, Fail("job-1", TOKEN, ERROR)),
        (Snoozed(90 * SECOND), 0, scheduled(90 * SECOND, "snooze", None)),
        (Snoozed(timedelta(0)), 99, scheduled(timedelta(0), "snooze", None)),
        (Cancelled("enough"), 0, Cancel("job-1", TOKEN, "enough")),
        (Discarded(ERROR), 0, Fail("job-1", TOKEN, ERROR)),
        (Released("shutdown"), 99, Release("job-1", TOKEN, "shutdown")),
    ],
    ids=str,
)
def test_an_outcome_leads_to_its_move(outcome: Outcome, failures: int, move: Move) -> None:  # H11, P16
    assert decide(a_claim(failures=failures), outcome, STEADY, Random(0)) == move


errors = st.builds(JobError, st.just("ValueError"), st.text(max_size=5), st.just("Traceback"), st.just("JOB_ERROR"))
delays = st.timedeltas(timedelta(0), timedelta(days=3650))
outcomes = st.one_of(
    st.builds(Completed, st.text(), st.none() | st.text()),
    st.builds(Failed, errors, st.booleans()),
    st.builds(RetryAsked, errors, st.none() | delays),
    st.builds(Snoozed, delays),
    st.builds(Cancelled, st.text()),
    st.builds(Discarded, errors),
    st.builds(Released, st.text()),
)


@given(outcome=outcomes, failures=st.integers(0, 100), max_retries=st.integers(0, 100), seed=st.integers())
def test_a_move_always_carries_the_claims_receipt(
    outcome: Outcome, failures: int, max_retries: int, seed: int
) -> None:  # B2
    move = decide(a_claim(failures=failures, max_retries=max_retries), outcome, RetryPolicy(), Random(seed))
    assert (move.job_id, move.token) == ("job-1", TOKEN)


@given(error=errors, failures=st.integers(0, 100), max_retries=st.integers(0, 100), after=st.none() | delays)
def test_a_job_is_tried_once_more_than_its_retries(
    error: JobError, failures: int, max_retries: int, after: timedelta | None
) -> None:  # H11
    claim = a_claim(failures=failures, max_retries=max_retries)
    for outcome in (Failed(error), RetryAsked(error, after)):
        move = decide(claim, outcome, RetryPolicy(), Random(0))
        assert isinstance(move, Schedule if failures < max_retries else Fail)


@given(outcome=outcomes, failures=st.integers(0, 100))
def test_the_jobs_own_limit_counts_and_not_the_kinds(outcome: Outcome, failures: int) -> None:
    claim = a_claim(failures=failures)
    generous, strict = RetryPolicy(max_retries=1000), RetryPolicy(max_retries=0)
    assert decide(claim, outcome, generous, Random(0)) == decide(claim, outcome, strict, Random(0))


@given(outcome=outcomes, failures=st.integers(0, 100), seed=st.integers())
def test_a_scheduled_delay_is_never_negative(outcome: Outcome, failures: int, seed: int) -> None:
    move = decide(a_claim(failures=failures, max_retries=1000), outcome, RetryPolicy(), Random(seed))
    assert not isinstance(move, Schedule) or move.delay_ms >= 0


class _Coded(Exception):
    code = "GENERATION_ERROR"


class _WronglyCoded(Exception):
    code = 7


def test_an_exception_is_described_with_its_traceback() -> None:  # H11
    try:
        raise KeyError("missing")
    except KeyError as error:
        described = JobError.of(error)
    assert (described.type, described.message, described.code) == ("KeyError", "'missing'", "JOB_ERROR")
    assert "test_decide.py" in described.traceback


@pytest.mark.parametrize(
    ("error", "code", "expected"),
    [
        (_Coded(), None, "GENERATION_ERROR"),
        (_Coded(), "TIMEOUT", "TIMEOUT"),
        (_WronglyCoded(), None, "JOB_ERROR"),
        (OSError(5, "I/O"), None, "JOB_ERROR"),
    ],
    ids=str,
)
def test_an_errors_code_is_told_raised_or_the_common_one(error: Exception, code: str | None, expected: str) -> None:
    assert JobError.of(error, code).code == expected


def test_an_endless_error_is_cut_and_keeps_its_beginning_and_its_end() -> None:
    described = JobError.of(ValueError("begins here" + "x" * 1_000_000 + "ends here"))
    assert described.message.startswith("begins here")
    assert len(described.message) == 10_000
    assert described.traceback.startswith("ValueError: begins here")
    assert described.traceback.rstrip().endswith("ends here")
    assert len(described.traceback) < 51_000


class _Speechless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("cannot even say so")


@pytest.mark.parametrize(
    "error", [_Speechless(), ValueError("\ud800 alone"), ValueError(b"\xff")], ids=["speechless", "surrogate", "bytes"]
)
def test_any_error_can_be_stored(error: Exception) -> None:
    described = JobError.of(error)
    assert described.type == type(error).__name__
    assert "".join(described).encode()
