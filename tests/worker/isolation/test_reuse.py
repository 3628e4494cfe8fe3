"""Processes and the jobs that they run one after the other."""

import asyncio
import os
import select
import signal
import sys

import psutil
import pytest

from jobhive import Jobhive
from tests.worker.isolation.asking import events, result
from tests.worker.isolation.calls import SECONDS, Calls


async def test_a_process_is_used_for_one_job_after_the_other(app: Jobhive) -> None:
    async with app.worker():
        assert len({await result(app, "pid") for _ in range(5)}) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere daemons are adopted by the system")
async def test_daemons_that_ended_do_not_pile_up(app: Jobhive, calls: Calls) -> None:  # P10
    async with app.worker():
        await result(app, "leave_behind", port=calls.port)
        call = await calls.take()
        assert await call.word() == "hidden"
        children = await result(app, "children")
        assert isinstance(children, dict)
        [daemon] = [pid for pid, status in children.items() if status != psutil.STATUS_ZOMBIE]
        await _killed(daemon)
        assert await call.is_gone()
        await result(app, "pid")
        assert await result(app, "children") == {}


async def _killed(pid: int) -> None:
    """Returns once the process has ended: its sockets close a little earlier."""
    descriptor = os.pidfd_open(pid)
    try:
        os.kill(pid, signal.SIGKILL)
        ended, _, _ = await asyncio.to_thread(select.select, [descriptor], [], [], SECONDS)
        assert ended
    finally:
        os.close(descriptor)


async def test_two_jobs_at_once_run_in_two_processes(app: Jobhive, calls: Calls) -> None:
    async with app.worker():
        handles = [await app.enqueue("wait", {"port": calls.port}) for _ in range(2)]
        both = [await calls.take(), await calls.take()]
        for call in both:
            call.go_on()
        pids = {await handle.result(SECONDS) for handle in handles}
    assert pids == {call.pid for call in both}
    assert len(pids) == 2


async def test_a_thread_that_outlives_its_job_cannot_tell_in_the_next_ones_name(app: Jobhive, calls: Calls) -> None:
    async with app.worker():
        await result(app, "talk_on", port=calls.port)
        thread = await calls.take()
        handle = await app.enqueue("wait", {"port": calls.port})
        next_job = await calls.take()
        thread.go_on()
        assert (await thread.word(), thread.pid) == ("refused", next_job.pid)
        next_job.go_on()
        assert [event.type for event in await events(handle)] == ["started", "end"]


async def test_what_a_job_prints_goes_to_the_log(
    app: Jobhive, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    async with app.worker():
        assert await result(app, "chat") == ""
    captured = capfd.readouterr()
    assert {"to stdout", "to stderr", '{"say": "ended"}', "from a program"} <= set(captured.err.splitlines())
    assert captured.out == ""


async def test_forked_copies_are_ordinary_processes(app: Jobhive, calls: Calls) -> None:
    async with app.worker():
        handle = await app.enqueue("fork", {"port": calls.port})
        call = await calls.take()
        assert await call.word() == "asleep"
        call.go_on()
        assert await handle.result(SECONDS) == [7, -signal.SIGTERM]


async def test_its_programs_do_not_take_themselves_for_the_worker(
    app: Jobhive, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app.worker():
        monkeypatch.setenv("JOBHIVE_POST", "{}")
        monkeypatch.setenv("JOBHIVE_LOG_LEVEL", "info")
        assert await result(app, "environment") == ["JOBHIVE_LOG_LEVEL"]
