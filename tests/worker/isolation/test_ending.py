"""Jobs are stopped with all that they started."""

import os
import signal

import pytest

from jobhive import Jobhive
from tests.worker.isolation.asking import cancelled, events, failed, left_behind, result
from tests.worker.isolation.calls import SECONDS, Calls


async def test_cancel_ends_a_busy_loop(app: Jobhive, calls: Calls) -> None:
    async with app.worker():
        handle = await app.enqueue("spin_with", {"port": calls.port, "program": "nothing"})
        call = await calls.take()
        await handle.cancel()
        assert (await cancelled(handle)).reason == "cancelled by its caller"
        assert await call.is_gone()


async def test_cancel_ends_the_whole_tree(app: Jobhive, calls: Calls) -> None:  # P17
    async with app.worker():
        handle = await app.enqueue("spin_with", {"port": calls.port, "program": "stubborn"})
        call = await calls.take()
        assert await call.word() == "hidden"
        await handle.cancel()
        await cancelled(handle)
        assert await call.is_gone()


async def test_programs_that_end_when_asked_are_left_the_time_for_it(app: Jobhive, calls: Calls) -> None:
    async with app.worker():
        handle = await app.enqueue("spin_with", {"port": calls.port, "program": "orderly"})
        call = await calls.take()
        assert await call.word() == "ready"
        await handle.cancel()
        assert await call.word() == "asked"
        call.go_on()
        assert await call.word() == "in order"
        await cancelled(handle)


async def test_finally_blocks_run_and_may_tell(app: Jobhive, calls: Calls) -> None:
    async with app.worker():
        handle = await app.enqueue("tidy", {"port": calls.port})
        await calls.take()
        await handle.cancel()
        told = await events(handle)
    assert [event.data["line"] for event in told if event.type == "log"] == ["swept, cancelled: True"]


async def test_a_function_that_does_not_want_to_end_is_ended(app: Jobhive, calls: Calls) -> None:
    async with app.worker():
        handle = await app.enqueue("cling", {"port": calls.port})
        await calls.take()
        await handle.cancel()
        again = await calls.take()
        await cancelled(handle)
        assert await again.is_gone()


async def test_holding_the_interpreters_lock_does_not_save_it(app: Jobhive, calls: Calls) -> None:  # P10
    async with app.worker():
        handle = await app.enqueue("backtrack", {"port": calls.port})
        call = await calls.take()
        assert await call.word() == "ready"
        call.go_on()
        await handle.cancel()
        assert await call.word() == "asked"
        call.go_on()
        assert await call.word() == "in order"
        await cancelled(handle)
        assert await call.is_gone()


async def test_a_timeout_ends_the_process(app: Jobhive) -> None:
    async with app.worker():
        before = await result(app, "pid")
        job = await failed(app, "overrun")
        assert job.error.code == "TIMEOUT"
        assert left_behind() == []
        assert await result(app, "pid") != before


async def test_a_worker_that_stops_gives_the_job_back(app: Jobhive, calls: Calls) -> None:  # P16
    async with app.worker(grace=0):
        handle = await app.enqueue("wait", {"port": calls.port})
        first = await calls.take()
    assert await first.is_gone()
    async with app.worker():
        second = await calls.take()
        second.go_on()
        assert await handle.result(SECONDS) == second.pid
    assert [(attempt.outcome, attempt.error) for attempt in (await handle.job()).attempts] == [("released", None)]


async def test_an_attempt_that_lost_its_job_is_ended(app: Jobhive, calls: Calls) -> None:  # P4
    async with app.worker() as worker:
        handle = await app.enqueue("lose", {"port": calls.port})
        call = await calls.take()
        await app.store.jobs.rescue_from(worker.id)
        call.go_on()
        assert await call.is_gone()
        assert await handle.result(SECONDS) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_obeys_the_worker_and_no_signal(app: Jobhive, calls: Calls, number: signal.Signals) -> None:
    async with app.worker():
        handle = await app.enqueue("wait", {"port": calls.port})
        call = await calls.take()
        os.kill(call.pid, number)
        call.go_on()
        assert await handle.result(SECONDS) == call.pid
