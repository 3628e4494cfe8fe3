"""How long the jobs of a kind are kept: as it says itself, else as the application says."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from jobhive.client.decorators import KindSettings, kind_of
from jobhive.core.kind import Keep, Kind
from jobhive.core.retention import Retention, retentions
from jobhive.core.states import State

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FOR_EVER: Keep = {State.COMPLETE: None, State.FAILED: None, State.CANCELLED: None}


def _kind(name: str, settings: KindSettings | None = None) -> Kind:
    return kind_of(name, BaseModel, TypeAdapter(object), BaseModel, settings or {})


def test_jobs_are_kept_for_ever_unless_somebody_says_otherwise() -> None:  # S11
    assert retentions([_kind("a")], FOR_EVER) == []
    assert retentions([_kind("a", {"retain": {"failed": None}})], FOR_EVER) == []


def test_the_application_speaks_where_the_kind_does_not() -> None:  # S11
    kinds = [_kind("a"), _kind("b", {"retain": {"complete": None, "failed": DAY}})]
    assert retentions(kinds, {**FOR_EVER, State.COMPLETE: HOUR, State.CANCELLED: DAY}) == [
        Retention(HOUR, frozenset({(State.COMPLETE, "a")})),
        Retention(DAY, frozenset({(State.CANCELLED, "a"), (State.CANCELLED, "b"), (State.FAILED, "b")})),
    ]


@pytest.mark.parametrize("retain", [DAY, 86_400, 86_400.0])
def test_one_time_stands_for_all_ends(retain: timedelta | float) -> None:
    [retention] = retentions([_kind("a", {"retain": retain})], FOR_EVER)
    assert retention == Retention(DAY, frozenset((state, "a") for state in State if state.is_final))


@pytest.mark.parametrize(
    ("retain", "told"),
    [(-1, "retain takes a duration"), ({"failed": -1}, r"retain\['failed'\]"), ({"pending": 1}, "not pending")],
)
def test_what_cannot_be_is_refused(retain: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        _kind("a", {"retain": retain})
