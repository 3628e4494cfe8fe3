"""How a job is enqueued: when, in which order, under which key, with how many retries."""

from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobhive import InvalidInput, Jobhive, KeyReused, Options, PendingJob, ScheduledJob
from jobhive.client.function import JobFunction
from jobhive.core.clock import from_ms
from jobhive.testing import advance, record_of

Note = JobFunction[[str], Coroutine[object, object, str], [str], str]


@pytest.fixture
def ran() -> list[str]:
    """What ran, in order."""
    return []


@pytest.fixture
def note(app: Jobhive, ran: list[str]) -> Note:
    @app.job(queue="notes")
    async def note(text: str) -> str:
        ran.append(text)
        return text

    return note


async def test_a_delay_counts_from_the_stores_now(app: Jobhive, note: Note) -> None:  # H11
    now = from_ms(app.store.clock.now_ms())
    for delay in (90, 90.0, timedelta(seconds=90)):
        job = await (await note.options(delay=delay).enqueue("later")).job()
        assert isinstance(job, ScheduledJob)
        assert timedelta(seconds=90) <= job.run_at - now < timedelta(seconds=100)


async def test_run_at_is_kept_to_the_millisecond(note: Note) -> None:
    at = datetime(2099, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
    job = await (await note.options(run_at=at).enqueue("later")).job()
    assert isinstance(job, ScheduledJob)
    assert job.run_at == at


async def test_a_time_that_has_passed_is_now(note: Note) -> None:
    for options in (note.options(run_at=datetime(1999, 1, 1, tzinfo=UTC)), note.options(delay=0)):
        assert isinstance(await (await options.enqueue("now")).job(), PendingJob)


async def test_a_delayed_job_runs_once_it_is_due_and_not_before(app: Jobhive, note: Note, ran: list[str]) -> None:
    await note.options(delay=3600).enqueue("later")
    await note.enqueue("now")
    await app.run_until_idle()
    assert ran == ["now"]
    advance(timedelta(hours=1), app.store)
    await app.store.jobs.stage(10)
    await app.run_until_idle()
    assert ran == ["now", "later"]


async def test_higher_priority_first_then_first_in_first_out(app: Jobhive, note: Note, ran: list[str]) -> None:  # H11
    for text, priority in [("a", 0), ("b", 5), ("c", -1), ("d", 5), ("e", 0)]:
        await note.options(priority=priority).enqueue(text)
    await app.run_until_idle(concurrency=1)
    assert ran == ["b", "d", "a", "e", "c"]


async def test_the_same_key_again_is_the_same_job(app: Jobhive, note: Note, ran: list[str]) -> None:  # B4
    first = await note.options(key="order-7").enqueue("a")
    again = await note.options(key="order-7").enqueue("a")
    assert again.id == first.id
    await app.run_until_idle()
    assert (await note.options(key="order-7").enqueue("a")).id == first.id
    assert ran == ["a"]


async def test_a_key_cannot_mean_other_work(app: Jobhive, note: Note) -> None:  # B4
    @app.job()
    async def other(text: str) -> str:
        return text

    first = await note.options(key="order-7").enqueue("a")
    with pytest.raises(KeyReused, match=f"'order-7' belongs to {first.id}") as refused:
        await note.options(key="order-7").enqueue("b")
    assert refused.value.job_id == first.id
    with pytest.raises(KeyReused):
        await other.options(key="order-7").enqueue("a")
    assert len((await app.list()).jobs) == 1


async def test_retries_and_queue_are_the_kinds_unless_told_otherwise(app: Jobhive, note: Note) -> None:
    plain = await record_of(app.store, (await note.enqueue("a")).id)
    changed = await record_of(app.store, (await note.options(max_retries=0, queue="other").enqueue("a")).id)
    assert (plain.max_retries, plain.queue) == (3, "notes")
    assert (changed.max_retries, changed.queue) == (0, "other")


async def test_options_work_with_a_kinds_name_too(app: Jobhive, note: Note) -> None:
    handle = await app.enqueue("note", {"text": "a"}, Options(priority=7, delay=5))
    job = await handle.job()
    assert isinstance(job, ScheduledJob)
    assert job.priority == 7


def test_options_that_cannot_be_are_refused_all_at_once(note: Note) -> None:
    naive = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(InvalidInput) as refused:
        note.options(delay=-1, run_at=naive, priority=99_999, key="", queue="with space", max_retries=-1)
    assert [error.field for error in refused.value.errors] == [
        "queue",
        "priority",
        "delay",
        "run_at",
        "run_at",
        "key",
        "max_retries",
    ]


def test_a_key_is_text_that_can_be_kept(note: Note) -> None:
    for key in ("", "x" * 513, "\ud800"):
        with pytest.raises(InvalidInput, match="key: allowed is 1 to 512 characters of Unicode"):
            note.options(key=key)
    note.options(key="Ω" * 512)


@pytest.mark.parametrize("delay", [float("nan"), float("inf"), timedelta.max, -0.001])
def test_a_delay_is_zero_to_a_hundred_years(note: Note, delay: Any) -> None:
    with pytest.raises(InvalidInput, match="delay: allowed is zero to a hundred years"):
        note.options(delay=delay)
