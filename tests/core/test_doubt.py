"""When leases that look expired are believed, and when not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobhive.core.doubt import Look, doubt

HOUR, DAY, YEAR = 3600.0, 86_400.0, 31_557_600.0


def _doubt(passed: float, jump: float = 0.0, *, was_answered: bool = True, lease: float = 30.0) -> str | None:
    """What is thought at a look so long after one at both clocks' 1000."""
    now = Look(1000.0 + passed + jump, 1000.0 + passed)
    return doubt(Look(1000.0, 1000.0), now, was_answered=was_answered, every=1.0, lease=lease)


def test_without_a_look_before_nothing_is_believed() -> None:
    assert doubt(None, Look(0.0, 0.0), was_answered=True, every=1.0, lease=30.0) == "what was before is not known"


def test_an_outage_is_doubted() -> None:  # D9
    assert _doubt(1.0, was_answered=False) == "the store was away"


@pytest.mark.parametrize("size", [2.0, HOUR, DAY, 10 * YEAR])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_clock_that_jumped_is_doubted(size: float, sign: int) -> None:  # P6
    assert _doubt(1.0, sign * size) == f"the clock jumped by {sign * size:+.1f} s"


def test_a_process_that_stood_still_doubts() -> None:
    assert _doubt(11.5) == "this process stood still for 11.5 s"
    assert _doubt(10.5) is None
    assert _doubt(2.5, lease=1.0) == "this process stood still for 2.5 s"
    assert _doubt(1.9, lease=1.0) is None


@given(st.floats(0, 1.9), st.floats(-0.99, 0.99), st.floats(1, 3600))
def test_the_usual_unrest_is_no_ground(passed: float, jump: float, lease: float) -> None:
    assert _doubt(passed, jump, lease=lease) is None
