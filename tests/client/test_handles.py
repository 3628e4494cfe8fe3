"""A handle: the typed result or the reason why there is none, the job in each of its states, a way to cancel."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from pydantic import BaseModel

from jobhive import (
    CancelledJob,
    CompleteJob,
    Context,
    FailedJob,
    IllegalTransition,
    InvalidInput,
    JobCancelled,
    JobFailed,
    Jobhive,
    PendingJob,
    Progress,
    RunningJob,
    ScheduledJob,
    UnknownJob,
    UnknownKind,
)
from jobhive.testing import claim_one, wait_for_job, wait_for_state
from jobhive.testing import complete as completed


class Invoice(BaseModel):
    number: int
    lines: list[str]


async def test_the_result_comes_back_as_the_functions_type(app: Jobhive) -> None:  # S4
    @app.job()
    async def bill(number: int) -> Invoice:
        return Invoice(number=number, lines=["tea"])

    handle = await bill.enqueue(7)
    async with app.worker():
        assert await handle.result(timeout=20) == Invoice(number=7, lines=["tea"])


async def test_waiting_for_a_result_can_end_before_the_job_does(app: Jobhive) -> None:
    @app.job()
    async def add(a: int) -> int:
        return a

    handle = await add.enqueue(1)
    with pytest.raises(TimeoutError):
        await handle.result(timeout=0.01)
    await app.run_until_idle()
    assert await handle.result(timeout=20) == 1


async def test_a_failed_job_has_an_error_instead_of_a_result(app: Jobhive) -> None:  # S7
    @app.job(max_retries=0)
    async def divide(a: int, b: int) -> float:
        return a / b

    handle = await divide.enqueue(1, 0)
    await app.run_until_idle()
    with pytest.raises(
        JobFailed, match=rf"{handle.id} \(divide\) failed: ZeroDivisionError: division by zero"
    ) as raised:
        await handle.result()
    error = raised.value.job.error
    assert (error.type, error.message, error.code) == ("ZeroDivisionError", "division by zero", "JOB_ERROR")
    assert "in divide\n    return a / b" in error.traceback


async def test_a_cancelled_job_has_a_reason_instead_of_a_result(app: Jobhive) -> None:
    @app.job()
    async def add(a: int) -> int:
        return a

    handle = await add.enqueue(1)
    waiting = asyncio.create_task(handle.result(timeout=20))
    await handle.cancel("not needed any more")
    with pytest.raises(JobCancelled, match="not needed any more") as raised:
        await waiting
    assert raised.value.job.reason == "not needed any more"
    assert raised.value.job.started_at is None


async def test_a_job_that_has_not_begun(app: Jobhive) -> None:  # S3
    @app.job(max_retries=0)
    async def work(a: int) -> int:
        return a

    handle = await work.options(key="k", priority=3).enqueue(5)
    job = await handle.job()
    assert isinstance(job, PendingJob)
    assert (job.id, job.kind, job.queue, job.priority, job.key) == (handle.id, "work", "default", 3, "k")
    assert (job.attempt, job.failures, job.attempts, job.max_retries) == (0, 0, (), 0)
    later = await work.options(delay=60).enqueue(1)
    assert isinstance(await later.job(), ScheduledJob)
    await later.cancel("never mind")
    cancelled = await later.job()
    assert isinstance(cancelled, CancelledJob)
    assert cancelled.reason == "never mind"


async def test_a_job_that_runs_and_one_that_has_ended(app: Jobhive) -> None:  # S3
    gate = asyncio.Event()

    @app.job(max_retries=0)
    async def work(ctx: Context, a: int) -> int:
        await ctx.progress("half", percentage=50)
        await gate.wait()
        return 10 // a

    good, bad = await work.enqueue(5), await work.enqueue(0)
    async with app.worker() as worker:
        await wait_for_job(app.store, good.id, lambda record: record.progress is not None, "it told no progress")
        job = await good.job()
        assert isinstance(job, RunningJob)
        assert (job.worker, job.attempt, job.is_cancel_requested) == (worker.id, 1, False)
        assert job.progress == Progress(stage="half", percentage=50)
        gate.set()
        await wait_for_state(app.store, good.id)
        await wait_for_state(app.store, bad.id)
    complete = await good.job()
    assert isinstance(complete, CompleteJob)
    assert complete.result == 2
    assert complete.created_at <= complete.started_at <= complete.finished_at
    failed = await bad.job()
    assert isinstance(failed, FailedJob)
    assert failed.error.type == "ZeroDivisionError"


async def test_jobs_cannot_be_changed(app: Jobhive) -> None:  # S3
    @app.job()
    async def work() -> None: ...

    job: Any = await (await work.enqueue()).job()
    with pytest.raises(FrozenInstanceError):
        job.queue = "other"


async def test_cancelling_twice_is_cancelling_once_and_what_is_done_stays_done(app: Jobhive) -> None:  # I5
    @app.job()
    async def add(a: int) -> int:
        return a

    done, unwanted = await add.enqueue(1), await add.enqueue(2)
    await unwanted.cancel("first: \udcff")
    await unwanted.cancel("second")
    await app.run_until_idle()
    job = await unwanted.job()
    assert isinstance(job, CancelledJob)
    assert job.reason == "first: \\udcff"
    with pytest.raises(IllegalTransition, match=f"{done.id} is complete since .* cannot be cancelled"):
        await done.cancel()


async def test_a_purged_job_is_unknown(app: Jobhive) -> None:
    @app.job()
    async def add(a: int) -> int:
        return a

    handle = await add.enqueue(1)
    await app.run_until_idle()
    await app.store.jobs.purge(handle.id)
    calls: list[Callable[[], Awaitable[object]]] = [
        handle.job,
        lambda: handle.result(timeout=20),
        handle.cancel,
        lambda: anext(handle.stream()),
        lambda: app.get(handle.id),
    ]
    for call in calls:
        with pytest.raises(UnknownJob, match=handle.id):
            await call()


async def test_what_is_stored_and_no_longer_fits_is_a_clear_error(app: Jobhive) -> None:
    @app.job()
    async def add(a: int) -> int:
        return a

    handle = await add.enqueue(1)
    await app.store.jobs.finish([completed(await claim_one(app.store, kinds=["add"]), '"three"')])
    with pytest.raises(
        InvalidInput, match="the stored result does not fit kind 'add': result: Input should be a valid"
    ):
        await handle.result(timeout=20)


async def test_a_handle_says_what_it_is(app: Jobhive) -> None:
    @app.job()
    async def add(a: int) -> int:
        return a

    handle = await add.enqueue(1)
    assert repr(handle) == f"<JobHandle {handle.id} (add)>"
    assert handle.stream_url == f"/v1/jobs/{handle.id}/stream"


async def test_jobs_are_listed_newest_first_page_by_page(app: Jobhive) -> None:
    @app.job(queue="numbers")
    async def add(a: int) -> int:
        return a

    @app.job()
    async def other() -> None: ...

    ids = [handle.id for handle in await add.enqueue_many([{"a": a} for a in range(5)])]
    await other.enqueue()
    first = await app.list(kind="add", queue="numbers", state="pending", limit=3)
    rest = await app.list(kind="add", queue="numbers", state="pending", limit=3, cursor=first.cursor)
    assert [job.id for job in first.jobs + rest.jobs] == ids[::-1]
    assert rest.cursor is None
    assert (await app.list(state="running")).jobs == []
    with pytest.raises(ValueError, match="'finished' is not a valid State"):
        await app.list(state="finished")


async def test_a_job_of_a_kind_that_is_not_known_here_is_left_out_of_lists(app: Jobhive) -> None:
    @app.job()
    async def add(a: int) -> int:
        return a

    handle = await add.enqueue(1)
    async with Jobhive(app.store.url) as other:
        assert (await other.list()).jobs == []
        with pytest.raises(UnknownKind, match="no kind named 'add' is registered here; known kinds: none"):
            await other.get(handle.id)
