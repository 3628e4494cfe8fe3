"""Errors tell what was wrong and what to do, carry a stable code, and repeat no endless input."""

from datetime import UTC, datetime

import pytest

from jobhive.core.errors import (
    IllegalTransition,
    InvalidInput,
    JobhiveError,
    KeyReused,
    LeaseLost,
    QueueFull,
    StoreError,
    StoreFull,
    StoreRefused,
    StoreUnavailable,
    UnknownJob,
    UnknownKind,
    UnknownWorker,
)
from jobhive.core.states import State

ENDLESS = "x" * 1_000_000
SINCE = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInput("wrong", []), "INVALID_REQUEST"),
        (UnknownKind("x", []), "UNKNOWN_KIND"),
        (UnknownJob("x"), "UNKNOWN_JOB"),
        (UnknownWorker("x"), "UNKNOWN_WORKER"),
        (IllegalTransition("x", State.FAILED, "cancelled", None, "retry it"), "ILLEGAL_TRANSITION"),
        (KeyReused("k", "x"), "KEY_REUSED"),
        (QueueFull("q", 1, 1, 1), "QUEUE_FULL"),
        (LeaseLost("x"), "LEASE_LOST"),
        (StoreError("x"), "STORE_ERROR"),
        (StoreUnavailable("x"), "STORE_UNAVAILABLE"),
        (StoreFull("x"), "STORE_FULL"),
        (StoreRefused("x"), "STORE_REFUSED"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_every_error_has_its_stable_code(error: JobhiveError, code: str) -> None:  # H15
    assert error.code == code
    assert str(error)


@pytest.mark.parametrize(
    "error",
    [UnknownKind(ENDLESS, ["add"]), UnknownJob(ENDLESS), UnknownWorker(ENDLESS), KeyReused(ENDLESS, "job-1")],
    ids=type,
)
def test_an_endless_name_is_cut(error: JobhiveError) -> None:
    assert len(str(error)) < 500


def test_a_refused_move_tells_the_state_since_when_and_what_to_do() -> None:  # style: errors carry what readers need
    error = IllegalTransition("job-1", State.COMPLETE, "cancelled", SINCE, "finished jobs can only be purged")
    assert (error.job_id, error.state) == ("job-1", State.COMPLETE)
    for part in ("job-1", "complete", "2026-03-04 05:06:07 UTC", "cancelled", "finished jobs can only be purged"):
        assert part in str(error)


def test_an_unknown_kind_is_answered_with_the_known_ones() -> None:
    assert "add, mail" in str(UnknownKind("ad", ["mail", "add"]))
    assert "none" in str(UnknownKind("ad", []))


def test_a_full_queue_tells_how_full_and_when_to_come_back() -> None:  # I10, H12
    error = QueueFull("ai", 7, 5, 42)
    assert (error.queue, error.retry_after_seconds) == ("ai", 42)
    for part in ("'ai'", "7", "5", "42 s"):
        assert part in str(error)


def test_a_reused_key_names_the_job_that_has_it() -> None:  # P11
    error = KeyReused("k", "job-1")
    assert (error.key, error.job_id) == ("k", "job-1")
    assert "job-1" in str(error)


def test_trouble_of_the_store_can_be_told_from_all_else() -> None:
    for trouble in (StoreUnavailable, StoreFull, StoreRefused):
        assert issubclass(trouble, StoreError)
    assert issubclass(StoreError, JobhiveError)
