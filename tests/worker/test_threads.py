"""Plain functions run in threads, which cannot be ended: what follows from that."""

import asyncio
import sys
import threading
from contextlib import suppress
from pathlib import Path

from jobhive import FailedJob, Jobhive, LeaseLost, State, SyncContext
from jobhive.testing import wait_for_state


async def test_threads_run_beside_each_other_and_leave_the_loop_free(app: Jobhive) -> None:
    meeting = threading.Barrier(3, timeout=20)

    @app.job()
    def meet() -> int:
        return meeting.wait()

    handles = [await meet.enqueue(), await meet.enqueue()]
    async with app.worker():
        met = await asyncio.to_thread(meeting.wait)
        assert sorted([met, *[await handle.result(timeout=20) for handle in handles]]) == [0, 1, 2]


async def test_a_thread_that_ran_out_of_time_is_told_so(app: Jobhive) -> None:  # S10
    saw_it = threading.Event()

    @app.job(timeout=0.01, max_retries=0)
    def work(ctx: SyncContext) -> None:
        while not ctx.cancelled():
            pass
        saw_it.set()

    handle = await work.enqueue()
    async with app.worker():
        await wait_for_state(app.store, handle.id, State.FAILED)
        assert await asyncio.to_thread(saw_it.wait, 20)
    job = await handle.job()
    assert isinstance(job, FailedJob)
    assert job.error.code == "TIMEOUT"


async def test_a_thread_that_goes_on_after_its_time_keeps_its_slot(app: Jobhive) -> None:  # S10
    gate, order = threading.Event(), list[str]()

    @app.job(timeout=0.01, max_retries=0)
    def slow() -> None:
        gate.wait()
        order.append("the first thread ends")

    @app.job()
    def quick() -> None:
        order.append("the second begins")

    first, second = await slow.enqueue(), await quick.enqueue()
    async with app.worker(concurrency=1):
        await wait_for_state(app.store, first.id, State.FAILED)
        third = await quick.options(priority=1).enqueue()  # a wake-up for a claimer that had a slot
        await wait_for_state(app.store, third.id, State.PENDING)
        gate.set()
        await second.result(timeout=20)
    assert order == ["the first thread ends", "the second begins", "the second begins"]


async def test_a_thread_that_tells_without_end_is_stopped_by_its_timeout(app: Jobhive) -> None:  # S10
    @app.job(timeout=0.05, max_retries=0)
    def chat(ctx: SyncContext) -> None:
        def talk() -> None:
            with suppress(LeaseLost):
                while True:
                    ctx.log("and another thing")

        talkers = [threading.Thread(target=talk, daemon=True) for _ in range(8)]
        for talker in talkers:
            talker.start()
        for talker in talkers:
            talker.join()

    handle = await chat.enqueue()
    async with app.worker():
        record = await wait_for_state(app.store, handle.id, State.FAILED)
    assert record.last_seq < 5_000  # the stream ended with the attempt, not when the talkers happened to pause
    job = await handle.job()
    assert isinstance(job, FailedJob)
    assert job.error.code == "TIMEOUT"


async def test_a_program_ends_though_a_thread_of_it_does_not(tmp_path: Path) -> None:  # S2
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.worker.stuck_thread", str(tmp_path / "jobhive.db"), stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        output, _ = await program.communicate()
    assert output.decode().split() == ["failed", "TIMEOUT"]
    assert program.returncode == 0
