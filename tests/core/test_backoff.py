"""How long a failed job waits for its next attempt."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobhive.core.retry import DEFAULT_BACKOFF, DEFAULT_MAX_RETRIES, Backoff, RetryPolicy

ZERO, SECOND, HOUR = timedelta(0), timedelta(seconds=1), timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)

durations = st.timedeltas(ZERO, timedelta(days=3650))
shares = st.floats(0, 1)
counts = st.integers(1, 10_000)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 1), (2, 2), (3, 4), (4, 8), (11, 1024), (12, 2048), (13, 3600), (10_000, 3600)]
)
def test_delays_double_up_to_an_hour(failures: int, seconds: int) -> None:  # H11
    assert Backoff(jitter=0).delay(failures, Random(0)) == timedelta(seconds=seconds)


def test_the_default_is_a_second_doubled_three_times_with_a_tenth_of_jitter() -> None:  # H11
    assert (DEFAULT_BACKOFF.base, DEFAULT_BACKOFF.cap, DEFAULT_BACKOFF.jitter) == (SECOND, HOUR, 0.1)
    assert DEFAULT_MAX_RETRIES == 3
    delays = [DEFAULT_BACKOFF.delay(3, Random(seed)) for seed in range(200)]
    assert all(timedelta(seconds=3.6) <= delay <= timedelta(seconds=4.4) for delay in delays)
    assert len(set(delays)) > 100


@given(base=durations, cap=durations, jitter=shares, failures=counts, seed=st.integers())
def test_a_delay_is_never_negative_and_never_above_its_cap(
    base: timedelta, cap: timedelta, jitter: float, failures: int, seed: int
) -> None:
    assert ZERO <= Backoff(base, cap, jitter).delay(failures, Random(seed)) <= cap


@given(base=durations, cap=durations, jitter=shares, failures=counts, seed=st.integers())
def test_jitter_stays_within_its_share(
    base: timedelta, cap: timedelta, jitter: float, failures: int, seed: int
) -> None:
    plain = Backoff(base, cap, 0).delay(failures, Random(seed))
    spread = Backoff(base, cap, jitter).delay(failures, Random(seed))
    assert plain * (1 - jitter) - MICROSECOND <= spread <= plain * (1 + jitter) + MICROSECOND


@given(base=durations, cap=durations, failures=counts, more=counts)
def test_without_jitter_a_later_failure_never_waits_less(
    base: timedelta, cap: timedelta, failures: int, more: int
) -> None:
    backoff = Backoff(base, cap, 0)
    assert backoff.delay(failures, Random(0)) <= backoff.delay(failures + more, Random(1))


@given(failures=st.integers(-100, 1))
def test_no_failure_waits_like_the_first(failures: int) -> None:
    assert Backoff(jitter=0).delay(failures, Random(0)) == SECOND


@pytest.mark.parametrize(
    ("base", "cap", "jitter"),
    [
        (-SECOND, HOUR, 0.1),
        (SECOND, -SECOND, 0.1),
        (SECOND, HOUR, -0.1),
        (SECOND, HOUR, 1.1),
        (SECOND, HOUR, float("nan")),
    ],
)
def test_a_wrong_backoff_is_refused(base: timedelta, cap: timedelta, jitter: float) -> None:
    with pytest.raises(ValueError, match="backoff"):
        Backoff(base, cap, jitter)


def test_a_negative_number_of_retries_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        RetryPolicy(max_retries=-1)


def test_a_policy_covers_the_errors_it_names_and_their_kin() -> None:
    policy = RetryPolicy(retry_on=(LookupError, OSError))
    assert policy.covers(KeyError())
    assert policy.covers(ConnectionResetError())
    assert not policy.covers(ValueError())
    assert not RetryPolicy().covers(KeyboardInterrupt())
