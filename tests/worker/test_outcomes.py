"""How an attempt ends, and what that makes of the job."""

import asyncio
from datetime import timedelta

import pytest

from jobhive import (
    Backoff,
    Cancel,
    CancelledJob,
    CompleteJob,
    Discard,
    FailedJob,
    JobHandle,
    Jobhive,
    Retry,
    ScheduledJob,
    Snooze,
)
from jobhive.testing import advance

HOUR = timedelta(hours=1)


async def run_due(app: Jobhive, by: timedelta = HOUR) -> None:
    """Lets time pass and runs what is due then."""
    advance(by, app.store)
    await app.store.jobs.stage(100)
    await app.run_until_idle()


async def delay_of(app: Jobhive, handle: JobHandle[None]) -> timedelta:
    """How long after its last attempt the scheduled job is to run."""
    job = await handle.job()
    assert isinstance(job, ScheduledJob), job
    return job.run_at - job.attempts[-1].ended_at


async def test_failed_attempts_are_tried_again_with_growing_delays(app: Jobhive) -> None:  # S6
    @app.job()
    async def fail() -> None:
        raise LookupError("nothing there")

    handle = await fail.enqueue()
    await app.run_until_idle()
    for seconds in (1, 2, 4):
        assert 0.9 * seconds <= (await delay_of(app, handle)).total_seconds() <= 1.1 * seconds + 0.001
        await run_due(app, timedelta(seconds=1.1 * seconds))
    job = await handle.job()
    assert isinstance(job, FailedJob)
    assert (job.attempt, job.failures, job.max_retries) == (4, 4, 3)


async def test_no_attempt_starts_before_it_is_due(app: Jobhive) -> None:  # S6
    @app.job(backoff=Backoff(base=timedelta(seconds=10), jitter=0))
    async def fail() -> None:
        raise LookupError("nothing there")

    handle = await fail.enqueue()
    await app.run_until_idle()
    assert await delay_of(app, handle) == timedelta(seconds=10)
    await run_due(app, timedelta(seconds=8))
    assert (await handle.job()).attempt == 1
    await run_due(app, timedelta(seconds=2))
    assert (await handle.job()).attempt == 2


async def test_the_errors_of_earlier_attempts_are_kept(app: Jobhive) -> None:  # S7
    errors = [LookupError("first"), OSError("second")]

    @app.job()
    async def work() -> str:
        if errors:
            raise errors.pop(0)
        return "done"

    handle = await work.enqueue()
    await app.run_until_idle()
    await run_due(app)
    await run_due(app)
    job = await handle.job()
    assert isinstance(job, CompleteJob)
    told = [(each.number, each.outcome, each.error.type, each.error.message) for each in job.attempts if each.error]
    assert told == [(1, "failed", "LookupError", "first"), (2, "failed", "OSError", "second")]
    assert all("in work\n    raise errors.pop(0)" in each.error.traceback for each in job.attempts if each.error)
    assert all(each.started_at <= each.ended_at and each.worker for each in job.attempts)


async def test_max_retries_of_zero_means_one_attempt(app: Jobhive) -> None:  # S6
    @app.job(max_retries=0)
    async def fail() -> None:
        raise LookupError("nothing there")

    handle = await fail.enqueue()
    again = await fail.options(max_retries=1).enqueue()
    await app.run_until_idle()
    assert isinstance(await handle.job(), FailedJob)
    await run_due(app)
    job = await again.job()
    assert isinstance(job, FailedJob)
    assert job.attempt == 2


async def test_retry_on_names_the_errors_that_are_worth_it(app: Jobhive) -> None:  # S6
    @app.job(retry_on=(ConnectionError,))
    async def fail(error: str) -> None:
        raise {"refused": ConnectionRefusedError("refused"), "bug": LookupError("bug")}[error]

    worth, hopeless = await fail.enqueue("refused"), await fail.enqueue("bug")
    await app.run_until_idle()
    assert isinstance(await worth.job(), ScheduledJob)
    job = await hopeless.job()
    assert isinstance(job, FailedJob)
    assert (job.attempt, job.error.type) == (1, "LookupError")


async def test_a_handler_may_ask_for_another_attempt_and_choose_its_delay(app: Jobhive) -> None:  # S6
    @app.job(max_retries=1, retry_on=())
    async def work() -> None:
        raise Retry("the other side is busy", after=timedelta(minutes=5))

    handle = await work.enqueue()
    await app.run_until_idle()
    assert await delay_of(app, handle) == timedelta(minutes=5)
    await run_due(app)
    job = await handle.job()
    assert isinstance(job, FailedJob)
    assert (job.failures, job.error.type, job.error.message) == (2, "Retry", "the other side is busy")


async def test_snoozing_spends_no_attempt(app: Jobhive) -> None:  # B4
    naps = 5

    @app.job(max_retries=0)
    async def work() -> str:
        nonlocal naps
        if naps:
            naps -= 1
            raise Snooze(90)
        return "done"

    handle = await work.enqueue()
    await app.run_until_idle()
    job = await handle.job()
    assert isinstance(job, ScheduledJob)
    assert job.run_at - job.attempts[-1].ended_at == timedelta(seconds=90)
    for _ in range(5):
        await run_due(app)
    done = await handle.job()
    assert isinstance(done, CompleteJob)
    assert (done.attempt, done.failures) == (6, 0)
    assert [each.outcome for each in done.attempts] == ["snoozed"] * 5


async def test_a_handler_may_cancel_or_discard_its_job(app: Jobhive) -> None:
    @app.job()
    async def cancel() -> None:
        raise Cancel("the order was withdrawn")

    @app.job()
    def discard() -> None:
        raise Discard("there is no such order")

    cancelled, discarded = await cancel.enqueue(), await discard.enqueue()
    await app.run_until_idle()
    job = await cancelled.job()
    assert isinstance(job, CancelledJob)
    assert job.reason == "the order was withdrawn"
    failed = await discarded.job()
    assert isinstance(failed, FailedJob)
    assert (failed.attempt, failed.error.code, failed.error.message) == (1, "DISCARDED", "there is no such order")


@pytest.mark.parametrize("delay", [-1, float("nan"), timedelta.max])
async def test_a_delay_that_cannot_be_is_an_error_of_the_attempt(app: Jobhive, delay: float) -> None:
    @app.job(max_retries=0)
    async def work() -> None:
        raise Snooze(delay)

    handle = await work.enqueue()
    await app.run_until_idle()
    job = await handle.job()
    assert isinstance(job, FailedJob)
    assert "takes a duration from zero to a hundred years" in job.error.message


async def test_an_attempt_is_bounded_by_its_kinds_timeout(app: Jobhive) -> None:  # S10
    ended: list[str] = []

    @app.job(timeout=0.01, max_retries=1)
    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("hang")

    @app.job(timeout=60, max_retries=0)
    async def own() -> None:
        raise TimeoutError("the other side's")

    slow, fast = await hang.enqueue(), await own.enqueue()
    await app.run_until_idle()
    await run_due(app)
    job = await slow.job()
    assert isinstance(job, FailedJob)
    assert (job.error.code, job.failures) == ("TIMEOUT", 2)
    assert job.error.message == "the attempt took longer than its timeout of 0.01 s"
    assert ended == ["hang", "hang"]
    other = await fast.job()
    assert isinstance(other, FailedJob)
    assert (other.error.code, other.error.message) == ("JOB_ERROR", "the other side's")
