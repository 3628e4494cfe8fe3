"""What becomes of a job whose worker is gone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobhive.core.receipt import Receipt
from jobhive.core.rescue import MAX_CRASHES, MAX_LOSSES, Death, Evidence, Verdict, judge, weigh
from jobhive.core.states import State

RECEIPTS = [Receipt(f"job-{number}", number) for number in range(3)]
LOST, ALONE, IN_COMPANY = Evidence.LOST, Evidence.ALONE, Evidence.IN_COMPANY
INNOCENT, NOT_BEGUN = Evidence.INNOCENT, Evidence.NOT_BEGUN


def _judged(
    evidence: Evidence, *, on_crash: str = "retry", crashes: int = 0, losses: int = 0, is_cancel_requested: bool = False
) -> Verdict:
    return judge(
        evidence,
        on_crash=on_crash,
        crashes=crashes,
        losses=losses,
        is_cancel_requested=is_cancel_requested,
        worker="worker-x",
        how="was killed by SIGSEGV",
    )


@pytest.mark.parametrize(
    ("death", "held", "evidence"),
    [
        (None, 1, [LOST]),
        (None, 2, [LOST, LOST]),
        (Death("died"), 0, []),
        (Death("died"), 1, [ALONE]),
        (Death("died"), 3, [IN_COMPANY] * 3),
        (Death("died", begun=RECEIPTS[1:2]), 3, [NOT_BEGUN, ALONE, NOT_BEGUN]),
        (Death("died", begun=RECEIPTS[1:]), 3, [NOT_BEGUN, IN_COMPANY, IN_COMPANY]),
        (Death("died", begun=RECEIPTS), 1, [ALONE]),  # the others were finished
        (Death("died", begun=[Receipt("job-0", 99)]), 1, [NOT_BEGUN]),  # under another claim
        (Death("was ended", is_crash=False), 1, [INNOCENT]),
        (Death("was ended", begun=RECEIPTS[:1], is_crash=False), 2, [INNOCENT, NOT_BEGUN]),
    ],
)
def test_only_a_crash_alone_is_evidence(death: Death | None, held: int, evidence: list[Evidence]) -> None:  # P10
    assert weigh(RECEIPTS[:held], death) == evidence


@pytest.mark.parametrize(
    ("crashes", "losses", "evidence", "state"),
    [
        (0, 0, LOST, State.PENDING),
        (0, 0, ALONE, State.PENDING),
        (1, 0, ALONE, State.PENDING),
        (2, 0, ALONE, State.FAILED),
        (2, 0, IN_COMPANY, State.PENDING),
        (2, 0, LOST, State.PENDING),
        (0, 18, LOST, State.PENDING),
        (0, 19, LOST, State.FAILED),
        (0, 19, IN_COMPANY, State.FAILED),
        (0, 19, ALONE, State.PENDING),
        (2, 19, INNOCENT, State.PENDING),
        (2, 19, NOT_BEGUN, State.PENDING),
    ],
)
def test_the_third_crash_and_the_twentieth_loss_are_the_last(
    crashes: int, losses: int, evidence: Evidence, state: State
) -> None:  # P10
    assert _judged(evidence, crashes=crashes, losses=losses).state is state
    assert (MAX_CRASHES, MAX_LOSSES) == (3, 20)


@pytest.mark.parametrize("evidence", [LOST, ALONE, IN_COMPANY, INNOCENT])
def test_a_job_that_must_not_run_twice_fails_at_once(evidence: Evidence) -> None:  # D9
    verdict = _judged(evidence, on_crash="fail")
    assert (verdict.state, verdict.is_suspect) == (State.FAILED, False)
    assert verdict.error is not None
    assert verdict.error.code == "CRASHED"
    assert "worker-x was killed by SIGSEGV" in verdict.error.message


def test_a_job_that_must_not_run_twice_and_never_began_is_run() -> None:  # D9
    verdict = _judged(NOT_BEGUN, on_crash="fail")
    assert (verdict.state, verdict.error) == (State.PENDING, None)


@given(
    evidence=st.sampled_from(Evidence),
    on_crash=st.sampled_from(["retry", "fail"]),
    crashes=st.integers(0, 50),
    losses=st.integers(0, 50),
)
def test_a_job_that_was_to_stop_is_cancelled_and_blamed_for_nothing(
    evidence: Evidence, on_crash: str, crashes: int, losses: int
) -> None:  # I5
    verdict = _judged(evidence, on_crash=on_crash, crashes=crashes, losses=losses, is_cancel_requested=True)
    assert (verdict.state, verdict.error) == (State.CANCELLED, None)
    assert (verdict.crashes, verdict.losses, verdict.is_suspect) == (0, 0, False)


@given(
    evidence=st.sampled_from([ALONE, IN_COMPANY]),
    on_crash=st.sampled_from(["retry", "fail"]),
    crashes=st.integers(0, 50),
    losses=st.integers(0, 50),
)
def test_a_crash_is_told_with_its_signal_and_what_runs_again_after_it_runs_alone(
    evidence: Evidence, on_crash: str, crashes: int, losses: int
) -> None:  # P10
    verdict = _judged(evidence, on_crash=on_crash, crashes=crashes, losses=losses)
    assert verdict.error is not None
    assert "SIGSEGV" in verdict.error.message
    assert verdict.is_suspect is (verdict.state is State.PENDING)
    assert (verdict.crashes, verdict.losses) == ((1, 0) if evidence is ALONE else (0, 1))


@pytest.mark.parametrize("evidence", [INNOCENT, NOT_BEGUN])
def test_nothing_is_counted_against_a_bystander(evidence: Evidence) -> None:  # P10
    verdict = _judged(evidence)
    assert (verdict.crashes, verdict.losses, verdict.outcome, verdict.error) == (0, 0, "released", None)
