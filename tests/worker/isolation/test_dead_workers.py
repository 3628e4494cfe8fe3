"""A worker that dies leaves no process behind."""

from pathlib import Path

import pytest

from jobhive import Jobhive
from tests.worker.isolation.asking import AS_MODULE, result, worker_process
from tests.worker.isolation.calls import Calls


@pytest.mark.parametrize("program", ["nothing", "stubborn"])
async def test_sigkill_of_a_worker_leaves_no_process(
    app: Jobhive, calls: Calls, tmp_path: Path, program: str
) -> None:  # P17
    async with worker_process(*AS_MODULE, folder=tmp_path) as worker:
        await app.enqueue("spin_with", {"port": calls.port, "program": program})
        call = await calls.take()
        if program == "stubborn":
            assert await call.word() == "hidden"
        worker.kill()
        assert await call.is_gone()


async def test_nor_does_it_leave_an_idle_one(app: Jobhive, calls: Calls, tmp_path: Path) -> None:  # P17
    async with worker_process(*AS_MODULE, folder=tmp_path) as worker:
        await result(app, "leave_behind", port=calls.port)
        call = await calls.take()
        assert await call.word() == "hidden"
        worker.kill()
        assert await call.is_gone()


async def test_what_a_job_left_behind_ends_with_its_worker(app: Jobhive, calls: Calls) -> None:  # P17
    async with app.worker():
        await result(app, "leave_behind", port=calls.port)
        call = await calls.take()
        assert await call.word() == "hidden"
    assert await call.is_gone()
