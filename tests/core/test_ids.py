"""Ids: ascending, of one form, and never the same twice."""

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobhive.core.ids import is_job_id, new_job_id, new_job_ids, new_worker_id


def _uuid(job_id: str) -> uuid.UUID:
    return uuid.UUID(job_id.removeprefix("job-"))


@pytest.mark.parametrize("count", [0, 1, 2, 5000])
def test_ids_come_in_the_number_asked_and_ascend(count: int) -> None:
    ids = new_job_ids(count)
    assert len(ids) == count
    assert ids == sorted(set(ids))
    assert all(map(is_job_id, ids))


def test_later_ids_come_after_earlier_ones() -> None:
    ids = [new_job_id() for _ in range(2000)] + new_job_ids(2000) + [new_job_id()]
    assert ids == sorted(set(ids))


def test_an_id_is_a_uuid_of_version_seven_that_tells_its_time() -> None:  # RFC 9562 section 5.7
    before_ms = time.time_ns() // 1_000_000
    for job_id in new_job_ids(100):
        assert _uuid(job_id).version == 7
        assert _uuid(job_id).variant == uuid.RFC_4122
        assert before_ms <= _uuid(job_id).int >> 80 <= time.time_ns() // 1_000_000


def test_threads_never_share_an_id() -> None:
    start = threading.Barrier(8)

    def take(_: int) -> list[str]:
        start.wait()
        return [job_id for _ in range(200) for job_id in (new_job_id(), *new_job_ids(5))]

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, range(8)))
    assert all(ids == sorted(ids) for ids in taken)
    assert len({job_id for ids in taken for job_id in ids}) == 8 * 200 * 6


def test_a_clock_set_back_does_not_set_ids_back(monkeypatch: pytest.MonkeyPatch) -> None:  # P6
    before = new_job_id()
    hour_ago = time.time_ns() - 3_600 * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: hour_ago)
    ids = [before, new_job_id(), *new_job_ids(100)]
    assert ids == sorted(set(ids))


def test_ids_of_different_times_do_not_follow_from_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    now_ns = time.time_ns()
    tails: set[int] = set()
    for later_ms in range(1, 50):
        monkeypatch.setattr(time, "time_ns", _fixed(now_ns + later_ms * 1_000_000))
        tails.add(_uuid(new_job_id()).int & (1 << 62) - 1)
    assert len(tails) == 49


def _fixed(instant_ns: int) -> Callable[[], int]:
    return lambda: instant_ns


def test_workers_have_ids_of_their_own() -> None:
    ids = [new_worker_id() for _ in range(100)]
    assert len(set(ids)) == 100
    assert all(worker_id.startswith("worker-") and len(worker_id) == 39 for worker_id in ids)


@pytest.mark.parametrize(
    "text", ["", "job-", "job-1", "JOB-" + "0" * 32, "job-" + "g" * 32, "job-" + "0" * 33, "job-" + "0" * 32 + "\n"]
)
def test_other_texts_are_no_job_ids(text: str) -> None:
    assert not is_job_id(text)


@given(st.text())
def test_any_text_may_be_asked_about(text: str) -> None:
    assert is_job_id(text) is False
