"""The first and the last event of a stream, told from the job's row alone."""

import json

import pytest

from jobhive.core.clock import from_ms
from jobhive.core.event import ATTEMPT, END, ERROR, STARTED, Chunk
from jobhive.core.outcome import JobError
from jobhive.core.record import StreamHead
from jobhive.core.states import FINAL, OPEN, State
from jobhive.core.telling import events_after, last_number, started_event, terminal_event


def a_head(state: State, last_seq: int = 1) -> StreamHead:
    return StreamHead(
        job_id="job-1",
        state=state,
        last_seq=last_seq,
        started_at_ms=1_000,
        finished_at_ms=2_000 if state.is_final else None,
        facts=None,
        result="3" if state is State.COMPLETE else None,
        ending=None,
        error=JobError("ValueError", "broken", "Traceback", "JOB_ERROR") if state is State.FAILED else None,
        reason="enough" if state is State.CANCELLED else None,
    )


def a_chunk(first_seq: int, *types: str) -> Chunk:
    return Chunk(first_seq, first_seq + len(types) - 1, json.dumps([[type_, 1_500, {}] for type_ in types]))


def test_started_tells_the_job_its_time_and_the_workers_facts() -> None:  # I2
    event = started_event(a_head(State.RUNNING)._replace(facts='{"model":"small"}'))
    assert event is not None
    assert (event.seq, event.type, event.at) == (1, STARTED, from_ms(1_000))
    assert event.data == {"job_id": "job-1", "started_at": "1970-01-01T00:00:01+00:00", "model": "small"}


def test_nothing_is_told_of_a_job_that_never_began() -> None:
    head = a_head(State.PENDING, last_seq=0)._replace(started_at_ms=None)
    assert started_event(head) is None
    assert terminal_event(head) is None
    assert last_number(head) == 0


@pytest.mark.parametrize("state", sorted(OPEN))
def test_an_open_job_has_no_terminal_event(state: State) -> None:  # I2
    assert terminal_event(a_head(state)) is None
    assert last_number(a_head(state, last_seq=7)) == 7


@pytest.mark.parametrize(
    ("state", "type_", "told"),
    [
        (State.COMPLETE, END, {"state": "complete", "result": 3}),
        (State.FAILED, ERROR, {"code": "JOB_ERROR", "message": "broken"}),
        (State.CANCELLED, END, {"state": "cancelled", "stop_reason": "CANCELLED", "reason": "enough"}),
    ],
)
def test_a_final_job_ends_its_stream_once(state: State, type_: str, told: dict[str, object]) -> None:  # I2, I6
    event = terminal_event(a_head(state, last_seq=7))
    assert event is not None
    assert (event.seq, event.type, event.data, event.at) == (8, type_, told, from_ms(2_000))
    assert last_number(a_head(state, last_seq=7)) == 8


def test_a_kind_may_word_its_own_end() -> None:  # I2
    event = terminal_event(a_head(State.COMPLETE)._replace(ending='{"tokens_out":2,"stop_reason":"EOS"}'))
    assert event is not None
    assert event.data == {"state": "complete", "tokens_out": 2, "stop_reason": "EOS"}


def test_no_stack_trace_reaches_a_stream() -> None:  # H14
    event = terminal_event(a_head(State.FAILED))
    assert event is not None
    assert "Traceback" not in str(event.data)


@pytest.mark.parametrize("state", sorted(FINAL))
def test_a_stream_without_stored_events_is_told_whole(state: State) -> None:  # I3, P12
    events = events_after(a_head(state), [], 0, is_whole=True)
    assert [event.seq for event in events] == [1, 2]
    assert events[0].type == STARTED
    assert events[-1].is_terminal


@pytest.mark.parametrize("after", range(-1, 8))
def test_a_stream_is_resumed_exactly_behind_a_number(after: int) -> None:  # I3, P12
    head, chunks = a_head(State.COMPLETE, last_seq=5), [a_chunk(2, "token", "token"), a_chunk(4, ATTEMPT, "token")]
    behind = [chunk for chunk in chunks if chunk.last_seq > after]
    events = events_after(head, behind, after, is_whole=True)
    whole = [(1, STARTED), (2, "token"), (3, "token"), (4, ATTEMPT), (5, "token"), (6, END)]
    assert [(event.seq, event.type) for event in events] == [pair for pair in whole if pair[0] > after]


def test_the_end_waits_for_all_that_is_stored() -> None:  # P12
    events = events_after(a_head(State.COMPLETE, last_seq=9), [a_chunk(2, "token")], 0, is_whole=False)
    assert [event.type for event in events] == [STARTED, "token"]


def test_a_stored_beginning_is_not_told_twice() -> None:  # P12
    reopened = a_head(State.COMPLETE, last_seq=2)
    events = events_after(reopened, [a_chunk(1, END, ATTEMPT)], 0, is_whole=True)
    assert [(event.seq, event.type) for event in events] == [(1, END), (2, ATTEMPT), (3, END)]
