"""Time: milliseconds inside, aware datetimes outside, and an offset that only tests set."""

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobhive.core.clock import Clock, from_ms, to_milliseconds, to_ms

instants = st.integers(0, 4_102_444_800_000)


@given(instants)
def test_an_instant_survives_the_way_there_and_back(epoch_ms: int) -> None:
    assert to_ms(from_ms(epoch_ms)) == epoch_ms
    assert from_ms(epoch_ms).tzinfo is UTC


@given(epoch_ms=instants, offset_minutes=st.integers(-14 * 60, 14 * 60))
def test_an_instant_is_the_same_in_every_zone(epoch_ms: int, offset_minutes: int) -> None:
    elsewhere = from_ms(epoch_ms).astimezone(timezone(timedelta(minutes=offset_minutes)))
    assert to_ms(elsewhere) == epoch_ms


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        to_ms(datetime.fromisoformat("2026-01-01T00:00:00"))


@given(st.integers(-(10**12), 10**12))
def test_a_duration_is_counted_in_milliseconds(count: int) -> None:
    assert to_milliseconds(timedelta(milliseconds=count)) == count


@given(st.lists(st.timedeltas(timedelta(days=-3650), timedelta(days=3650)), max_size=5))
def test_a_clock_moves_only_when_told(moves: list[timedelta]) -> None:  # P6
    clock = Clock()
    for move in moves:
        clock.advance(move)
    before_ms = time.time_ns() // 1_000_000
    now_ms = clock.now_ms()
    assert before_ms <= now_ms - sum(map(to_milliseconds, moves)) <= time.time_ns() // 1_000_000


def test_a_clock_tells_the_same_instant_both_ways() -> None:
    clock = Clock()
    before_ms = clock.now_ms()
    assert before_ms <= to_ms(clock.now()) <= clock.now_ms()
