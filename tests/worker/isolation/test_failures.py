"""Failures are judged where the exception is known."""

import pytest

from jobhive import Jobhive
from tests.worker.isolation.asking import cancelled, failed, result


async def test_an_exception_arrives_with_the_line_that_raised_it(app: Jobhive) -> None:
    async with app.worker():
        job = await failed(app, "fail", message="no luck")
    assert (job.error.type, job.error.message, job.error.code) == ("Flaky", "no luck", "FLAKY")
    assert "raise Flaky(message)  # the line that a traceback shows" in job.error.traceback


async def test_a_reason_that_json_cannot_hold_arrives_written_out(app: Jobhive) -> None:
    async with app.worker():
        job = await cancelled(await app.enqueue("cancel_for_a_file", {}))
    assert job.reason == r"no caf\udce9"


async def test_only_what_retry_on_names_is_tried_again(app: Jobhive) -> None:
    async with app.worker():
        job = await failed(app, "fail_otherwise")
    assert [attempt.error and attempt.error.type for attempt in job.attempts] == ["Sour", "ValueError"]


async def test_sys_exit_fails_the_job_and_nothing_else(app: Jobhive) -> None:
    async with app.worker():
        before = await result(app, "pid")
        assert (await failed(app, "leave")).error.type == "SystemExit"
        assert await result(app, "pid") == before


@pytest.mark.parametrize(("how", "failures"), [("retry", 1), ("snooze", 0)])
async def test_retry_and_snooze_run_it_again(app: Jobhive, how: str, failures: int) -> None:
    async with app.worker():
        assert await result(app, "steer", how=how) == failures


async def test_cancel_and_discard_end_it(app: Jobhive) -> None:
    async with app.worker():
        assert (await cancelled(await app.enqueue("steer", {"how": "cancel"}))).reason == "enough"
        job = await failed(app, "steer", how="discard")
    assert (job.error.code, job.error.message, job.attempt) == ("DISCARDED", "no", 1)


@pytest.mark.parametrize("kind", ["mistype", "not_json"])
async def test_a_wrong_result_is_refused(app: Jobhive, kind: str) -> None:  # S4
    async with app.worker():
        job = await failed(app, kind)
    assert (job.error.code, job.attempt) == ("INVALID_RESULT", 1)
