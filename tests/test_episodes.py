"""S8: trouble that lasts is told once, by the first of those who meet it, and so is its end."""

import os
from types import SimpleNamespace

import pytest

from jobhive.narration import Episode, episode

WHY = "no answer"
WAITS, GOES_ON = f"claimer waits claims: {WHY}", "claimer goes on claims: the trouble is over"


@pytest.fixture(autouse=True)
def _hears_all(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "jobhive")


@pytest.fixture
def claims() -> Episode:
    return Episode("claimer", "claims")


@pytest.fixture
def results() -> Episode:
    return Episode("finisher", "results")


def test_what_one_meets_again_and_again_is_told_once(caplog: pytest.LogCaptureFixture, claims: Episode) -> None:
    claims.end()
    for reason in (WHY, WHY, "something else"):
        claims.begin(reason)
        assert claims.is_on
    claims.end()
    assert not claims.is_on
    assert caplog.messages == [WAITS, GOES_ON]
    claims.begin(WHY)
    claims.end()
    assert caplog.messages == [WAITS, GOES_ON] * 2


def test_a_line_says_which_process_waits(caplog: pytest.LogCaptureFixture, claims: Episode) -> None:
    claims.begin(WHY)
    claims.end()
    assert [vars(record)["narration"]["facts"] for record in caplog.records] == [{"pid": os.getpid()}] * 2


def test_what_many_meet_is_told_by_the_first_and_over_with_the_first_who_goes_on(
    caplog: pytest.LogCaptureFixture, claims: Episode, results: Episode
) -> None:
    for each in (claims, results, claims, results):
        each.begin(WHY)
    assert caplog.messages == [WAITS]
    assert results.is_on
    results.end()
    claims.end()
    assert caplog.messages == [WAITS, GOES_ON]


def test_who_still_meets_it_when_another_has_gone_on_says_so(
    caplog: pytest.LogCaptureFixture, claims: Episode, results: Episode
) -> None:
    claims.begin(WHY)
    results.begin(WHY)
    claims.end()
    results.begin(f"still {WHY}")
    Episode("sealer", "upkeep").begin(f"still {WHY}")
    results.end()
    assert caplog.messages[2:] == [
        f"finisher waits results: still {WHY}",
        "finisher goes on results: the trouble is over",
    ]


def test_another_reason_is_another_trouble(caplog: pytest.LogCaptureFixture, claims: Episode, results: Episode) -> None:
    claims.begin(WHY)
    results.begin(f"the disk is full, {WHY}")
    claims.end()
    assert caplog.messages == [WAITS, f"finisher waits results: the disk is full, {WHY}", GOES_ON]
    results.end()


def test_what_nobody_meets_any_more_is_told_anew(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, claims: Episode, results: Episode
) -> None:
    """Who met it may have been stopped since, and will never go on."""
    times = iter(range(0, 1_000, 50))
    monkeypatch.setattr(episode, "time", SimpleNamespace(monotonic=lambda: float(next(times))))
    for _ in range(5):  # it lasts for longer than that
        claims.begin(WHY)
    assert caplog.messages == [WAITS]
    times = iter(range(1_000, 2_000, 50))
    results.begin(WHY)
    results.end()
    assert caplog.messages[1:] == [
        f"finisher waits results: {WHY}",
        "finisher goes on results: the trouble is over",
    ]


def test_what_is_often_over_at_once_is_told_only_where_it_lasts(caplog: pytest.LogCaptureFixture) -> None:
    wake_ups = Episode("store", "wake-ups", told_from=2)
    wake_ups.begin(WHY)
    assert wake_ups.is_on
    wake_ups.end()
    wake_ups.begin(WHY)
    assert caplog.messages == []
    wake_ups.begin(WHY)
    wake_ups.end()
    assert caplog.messages == [f"store waits wake-ups: {WHY}", "store goes on wake-ups: the trouble is over"]
