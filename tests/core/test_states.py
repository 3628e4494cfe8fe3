"""The table of legal moves is the one that was designed, and a final job stays what it is unless an operator asks."""

import pytest

from jobhive.core.states import FINAL, LEGAL_MOVES, OPEN, State, is_legal

DESIGNED = """
waiting → pending scheduled cancelled
scheduled → pending waiting cancelled
pending → running cancelled
running → waiting running complete scheduled pending failed cancelled
complete →
failed → pending
cancelled → pending
"""


def _designed() -> set[tuple[str, str]]:
    lines = [line.split(" →") for line in DESIGNED.strip().splitlines()]
    return {(before, after) for before, afters in lines for after in afters.split()}


def test_the_legal_moves_are_those_designed() -> None:  # H10
    assert {(before.value, after.value) for before, after in LEGAL_MOVES} == _designed()


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("after", State)
def test_every_pair_is_legal_or_not_as_the_table_says(before: State, after: State) -> None:  # H10, P1
    assert is_legal(before, after) is ((before, after) in LEGAL_MOVES)


def test_states_are_open_or_final() -> None:
    assert frozenset(State) == OPEN | FINAL
    assert not OPEN & FINAL
    assert {state for state in State if state.is_final} == {State.COMPLETE, State.FAILED, State.CANCELLED}


def test_a_complete_job_goes_nowhere() -> None:  # B2
    assert not [after for after in State if is_legal(State.COMPLETE, after)]


def test_every_open_job_can_be_cancelled() -> None:  # I5
    assert all(is_legal(state, State.CANCELLED) for state in OPEN)
