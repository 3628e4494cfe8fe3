"""A worker whose supervisor renews its leases trusts them only as long as it hears so."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic_core import to_json

from jobhive import Context, Jobhive, State
from jobhive.core.ids import new_worker_id
from jobhive.core.receipt import Receipt
from jobhive.testing import record_of, wait_for_job
from jobhive.worker.child import Post
from jobhive.worker.holdings import Holdings
from jobhive.worker.line import Claimed, Due, Held, Line, Orders, Renewed, read_report, tells_of_claims
from jobhive.worker.worker import Worker

LEASE = timedelta(seconds=1)


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[Jobhive]:
    async with Jobhive(str(tmp_path / "jobhive.db"), lease=LEASE) as app:
        yield app


@pytest.fixture
def ends() -> Iterator[tuple[Line, Post]]:
    """The supervisor's end of a line, and the process' post at the other."""
    ours, theirs = socket.socketpair()
    line, its_line = Line(ours), Line(theirs)
    yield line, Post(Orders(new_worker_id(), "nobody", is_solo=False, line=its_line.fileno()), its_line)
    line.close()
    its_line.close()


async def test_what_is_held_is_told_before_its_handler_is_called(app: Jobhive, ends: tuple[Line, Post]) -> None:  # P5
    line, post = ends
    heard = list[bytes]()

    @app.job(timeout=60)
    async def work() -> None:
        heard.extend(line.heard())

    handle = await work.enqueue()
    worker = Worker(app.store, app.kinds, post=post)
    await worker.start()
    await handle.result(timeout=20)
    await worker.stop()
    [claimed] = [read_report(text, "process") for text in heard if tells_of_claims(text)]
    assert isinstance(claimed, Claimed)
    assert claimed.tokens.keys() == claimed.due.keys() == {handle.id}
    assert claimed.due[handle.id].limit == "timeout"


async def test_without_word_of_its_supervisor_it_stops_before_its_leases_end(
    app: Jobhive, ends: tuple[Line, Post], caplog: pytest.LogCaptureFixture
) -> None:  # B2
    _, post = ends
    stopped, told = asyncio.get_running_loop().create_future(), asyncio.Event()

    def hear(record: logging.LogRecord) -> bool:
        if "claimer waits claims: the supervisor renews no leases at the moment" in record.getMessage():
            told.set()
        return True

    caplog.handler.addFilter(hear)

    @app.job()
    async def work(ctx: Context) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set_result((app.store.clock.now_ms(), await record_of(app.store, ctx.job_id)))

    handle = await work.enqueue()
    worker = Worker(app.store, app.kinds, post=post)
    await worker.start()
    async with asyncio.timeout(20):
        stopped_at_ms, record = await stopped
    released = await wait_for_job(app.store, handle.id, lambda job: job.state is State.PENDING, "it was not given back")
    async with asyncio.timeout(20):
        await told.wait()  # what rang is not taken for looked at
    await worker.stop()
    assert stopped_at_ms <= record.lease_until_ms
    assert (released.failures, released.crashes, released.losses) == (0, 0, 0)


async def test_what_the_supervisor_says_is_lost_is_dropped(app: Jobhive, ends: tuple[Line, Post]) -> None:  # B2
    line, post = ends
    stopped = asyncio.Event()

    @app.job()
    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    handle = await work.enqueue()
    worker = Worker(app.store, app.kinds, post=post)
    await worker.start()
    running = await wait_for_job(app.store, handle.id, lambda job: job.state is State.RUNNING, "nobody took it")
    await line.say(Renewed(began=time.monotonic(), lost={handle.id: running.token}))
    async with asyncio.timeout(20):
        await stopped.wait()
    await worker.stop()
    assert (await record_of(app.store, handle.id)).state is State.RUNNING


async def test_a_word_that_waited_while_the_loop_was_stuck_counts(app: Jobhive, ends: tuple[Line, Post]) -> None:  # P5
    line, post = ends

    @app.job()
    async def block() -> str:
        threading.Event().wait(1.5 * LEASE.total_seconds())
        await line.say(Renewed(began=time.monotonic(), lost={}))
        await asyncio.sleep(0.1)
        return "done"

    handle = await block.enqueue()
    worker = Worker(app.store, app.kinds, post=post)
    await worker.start()
    assert await handle.result(timeout=20) == "done"
    await worker.stop()


# ---- what the supervisor knows -------------------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, as the only element."""
    now = [1000.0]
    monkeypatch.setattr("jobhive.worker.holdings.time.monotonic", lambda: now[0])
    return now


def test_fresh_claims_need_no_renewal_unless_the_process_is_late(clock: list[float]) -> None:
    holdings = Holdings("process", report_seconds=1.0)
    holdings.note(Held(tokens={"old": 1}, due={}))
    holdings.put_by(_line(Claimed(tokens={"new": 2}, due={})))
    assert holdings.begun() == {Receipt("old", 1), Receipt("new", 2)}
    assert holdings.to_renew() == {Receipt("old", 1)}
    clock[0] += 3.5
    assert holdings.to_renew() == holdings.begun()


def test_a_whole_report_takes_the_place_of_all_before() -> None:
    holdings = Holdings("process", report_seconds=1.0)
    holdings.put_by(_line(Claimed(tokens={"done": 1, "held": 2}, due={})))
    holdings.note(Held(tokens={"held": 2}, due={}))
    assert holdings.begun() == {Receipt("held", 2)}
    holdings.put_by(_line(Claimed(tokens={"new": 3}, due={})))
    assert holdings.begun() == holdings.begun() == {Receipt("held", 2), Receipt("new", 3)}
    holdings.note(Held(tokens={}, due={}))
    assert holdings.begun() == frozenset()


def test_what_a_handler_tore_costs_no_other_claim(caplog: pytest.LogCaptureFixture) -> None:
    holdings = Holdings("process", report_seconds=1.0)
    whole, torn = (_line(Claimed(tokens={name: 1}, due={})) for name in ("whole", "torn"))
    holdings.put_by(torn[:-9] + b"hello" + torn[-9:])
    holdings.put_by(whole)
    assert holdings.begun() == {Receipt("whole", 1)}
    assert "supervisor ignores process: no report" in caplog.text


def _line(report: Claimed) -> bytes:
    line = to_json(report)
    assert tells_of_claims(line)
    return line


def test_only_a_stuck_process_has_overdue_attempts(clock: list[float]) -> None:  # S10
    holdings = Holdings("process", report_seconds=1.0)
    due = {"soon": Due(1001.0, "timeout"), "later": Due(9999.0, "stall")}
    holdings.put_by(_line(Claimed(tokens={"soon": 1, "later": 2, "ever": 3}, due=due)))
    clock[0] += 4.0
    holdings.note(Held(tokens={"soon": 1, "later": 2, "ever": 3}, due=due))
    clock[0] += 4.0
    assert holdings.overdue() == {}  # it reports: it will see to it by itself
    clock[0] += 2.0
    assert holdings.overdue() == {Receipt("soon", 1): due["soon"]}
    holdings.note(Held(tokens={}, due={}))
    clock[0] += 60.0
    assert holdings.overdue() == {}
