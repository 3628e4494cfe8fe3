"""Stored batches give back the events behind a number, and nothing else."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from jobhive.core.event import ATTEMPT, END, ERROR, STARTED, Chunk, Event, unpack

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=3,
)
listed = st.lists(
    st.tuples(st.text(min_size=1), st.integers(0, 4_102_444_800_000), st.dictionaries(st.text(), values, max_size=2)),
    min_size=1,
    max_size=6,
)


def _chunk(first_seq: int, events: list[tuple[str, int, dict[str, object]]]) -> Chunk:
    return Chunk(first_seq, first_seq + len(events) - 1, json.dumps(events))


@given(first_seq=st.integers(1, 1000), events=listed, back=st.integers(-3, 15))
def test_a_batch_gives_exactly_what_lies_behind(
    first_seq: int, events: list[tuple[str, int, dict[str, object]]], back: int
) -> None:  # P12
    after = first_seq - 1 + back
    numbered = list(enumerate(events, first_seq))
    expected = [(seq, type_, told) for seq, (type_, _, told) in numbered if seq > after]
    assert [(event.seq, event.type, event.data) for event in unpack(_chunk(first_seq, events), after)] == expected


@given(first_seq=st.integers(1, 1000), events=listed)
def test_a_batch_cut_anywhere_is_whole_in_two_parts(
    first_seq: int, events: list[tuple[str, int, dict[str, object]]]
) -> None:  # I3, P12
    chunk = _chunk(first_seq, events)
    whole = unpack(chunk, 0)
    for cut in range(first_seq - 1, chunk.last_seq + 1):
        assert [event for event in whole if event.seq <= cut] + unpack(chunk, cut) == whole


def test_an_event_tells_its_time() -> None:
    [event] = unpack(_chunk(2, [("log", 1_500, {"line": "x"})]), 0)
    assert event == Event(2, "log", {"line": "x"}, datetime(1970, 1, 1, 0, 0, 1, 500_000, UTC))


def test_only_end_and_error_end_a_stream() -> None:  # I2
    now = datetime.now(UTC)
    terminal = {type_ for type_ in (STARTED, ATTEMPT, END, ERROR, "token") if Event(1, type_, {}, now).is_terminal}
    assert terminal == {END, ERROR}
