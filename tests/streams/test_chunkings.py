"""A stream reads the same however it was cut into stored batches."""

import json
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from jobhive.core.event import Chunk
from jobhive.core.record import StreamHead
from jobhive.core.states import State
from jobhive.core.telling import events_after, last_number


@st.composite
def chunkings(draw: st.DrawFn) -> tuple[StreamHead, list[Chunk]]:
    """A stream of up to thirty stored events, cut anywhere, of a job that runs or is complete."""
    last_seq = draw(st.integers(1, 30))
    cuts = sorted({2, last_seq + 1, *draw(st.lists(st.integers(2, last_seq + 1)))}) if last_seq > 1 else []
    chunks = [
        Chunk(first, end - 1, json.dumps([["item", seq, {"value": seq}] for seq in range(first, end)]))
        for first, end in pairwise(cuts)
    ]
    state = draw(st.sampled_from([State.RUNNING, State.COMPLETE]))
    finished_at = 99 if state.is_final else None
    return StreamHead("job-1", state, last_seq, 1, finished_at, None, "7", None, None, None), chunks


@settings(deadline=None)
@given(stream=chunkings(), after=st.integers(0, 35))
def test_the_tail_after_any_number_is_the_tail_of_the_whole(  # I3
    stream: tuple[StreamHead, list[Chunk]], after: int
) -> None:
    head, chunks = stream
    whole = events_after(head, chunks, 0, is_whole=True)
    assert [event.seq for event in whole] == list(range(1, last_number(head) + 1))
    asked = [chunk for chunk in chunks if chunk.last_seq > after]  # what the store gives
    assert events_after(head, asked, after, is_whole=True) == whole[after:]


@settings(deadline=None)
@given(stream=chunkings(), page=st.integers(1, 5))
def test_reading_page_by_page_is_reading_at_once(stream: tuple[StreamHead, list[Chunk]], page: int) -> None:
    head, chunks = stream
    after, read = 0, list[object]()
    while after < last_number(head):
        asked = [chunk for chunk in chunks if chunk.last_seq > after][:page]
        events = events_after(head, asked, after, is_whole=len(asked) < page)
        read += events
        after = events[-1].seq
    assert read == events_after(head, chunks, 0, is_whole=True)
