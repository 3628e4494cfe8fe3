"""What becomes of a job whose worker is gone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobhive.core.rescue import MAX_CRASHES, MAX_LOSSES, Verdict, judge
from jobhive.core.states import State


def _judged(
    *,
    on_crash: str = "retry",
    crashes: int = 0,
    losses: int = 0,
    is_crash: bool = False,
    is_cancel_requested: bool = False,
) -> Verdict:
    return judge(
        on_crash=on_crash,
        crashes=crashes,
        losses=losses,
        is_crash=is_crash,
        is_cancel_requested=is_cancel_requested,
        worker="worker-x",
    )


@pytest.mark.parametrize(
    ("crashes", "losses", "is_crash", "state"),
    [
        (0, 0, False, State.PENDING),
        (0, 0, True, State.PENDING),
        (1, 0, True, State.PENDING),
        (2, 0, True, State.FAILED),
        (2, 0, False, State.PENDING),
        (0, 18, False, State.PENDING),
        (0, 19, False, State.FAILED),
        (0, 19, True, State.PENDING),
    ],
)
def test_the_third_crash_and_the_twentieth_loss_are_the_last(
    crashes: int, losses: int, is_crash: bool, state: State
) -> None:  # P10
    assert _judged(crashes=crashes, losses=losses, is_crash=is_crash).state is state
    assert (MAX_CRASHES, MAX_LOSSES) == (3, 20)


@pytest.mark.parametrize("is_crash", [True, False])
def test_a_job_that_must_not_run_twice_fails_at_once(is_crash: bool) -> None:  # D9
    verdict = _judged(on_crash="fail", is_crash=is_crash)
    assert verdict.state is State.FAILED
    assert verdict.error is not None
    assert verdict.error.code == "CRASHED"
    assert "worker-x" in verdict.error.message


@given(
    on_crash=st.sampled_from(["retry", "fail"]),
    crashes=st.integers(0, 50),
    losses=st.integers(0, 50),
    is_crash=st.booleans(),
)
def test_a_job_that_was_to_stop_is_cancelled_and_blamed_for_nothing(
    on_crash: str, crashes: int, losses: int, is_crash: bool
) -> None:  # I5
    verdict = _judged(on_crash=on_crash, crashes=crashes, losses=losses, is_crash=is_crash, is_cancel_requested=True)
    assert (verdict.state, verdict.error) == (State.CANCELLED, None)
    assert (verdict.crashes, verdict.losses) == (0, 0)


@given(
    on_crash=st.sampled_from(["retry", "fail"]),
    crashes=st.integers(0, 50),
    losses=st.integers(0, 50),
    is_crash=st.booleans(),
)
def test_each_end_is_counted_as_one_thing_and_only_a_failure_has_an_error(
    on_crash: str, crashes: int, losses: int, is_crash: bool
) -> None:  # P10
    verdict = _judged(on_crash=on_crash, crashes=crashes, losses=losses, is_crash=is_crash)
    assert (verdict.crashes, verdict.losses, verdict.outcome) == ((1, 0, "crashed") if is_crash else (0, 1, "lost"))
    assert (verdict.error is None) is (verdict.state is State.PENDING)
