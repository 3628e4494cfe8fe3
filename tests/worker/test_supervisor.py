"""A supervisor tells a program that cannot start from one that ran and died."""

import asyncio
import socket
from pathlib import Path

import pytest

from jobhive import Jobhive
from jobhive.store.signals import WORKERS, Wake
from jobhive.worker.supervisor import ChildFailed, Program, Supervisor

DYING = """
import os
from jobhive import Jobhive

app = Jobhive()

@app.job(on_crash="fail")
async def die() -> None:
    os._exit(3)
"""


UNLUCKY = """
import pathlib, sys
import jobhive

tried = pathlib.Path("tried")
if not tried.exists():
    tried.touch()
    sys.exit(7)
app = jobhive.Jobhive()

@app.job()
def work() -> None: ...
"""


@pytest.fixture(autouse=True)
def _slow_machine(app: Jobhive, monkeypatch: pytest.MonkeyPatch) -> None:
    """However soon a process ends, it has lived for long."""
    monkeypatch.setattr("jobhive.worker.supervisor._STEADY_SECONDS", 0.0)
    monkeypatch.setenv("JOBHIVE_URL", app.store.url)


async def test_what_was_never_ready_could_not_start_however_long_it_took(app: Jobhive) -> None:  # UC3
    with socket.create_server(("127.0.0.1", 0)) as taken:
        programs = [Program("server", ("serve", "--port", str(taken.getsockname()[1])))]
        with pytest.raises(ChildFailed, match=r"server could not start \(exit code 5\)"):
            await asyncio.wait_for(Supervisor(app.store, app.kinds, programs, grace=1.0).run(), 60)


async def test_trouble_that_passes_is_no_failure_to_start(
    app: Jobhive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # D9
    (tmp_path / "unlucky.py").write_text(UNLUCKY)
    monkeypatch.chdir(tmp_path)
    program = Program("worker", ("worker", "--app", "unlucky:app"), passing=frozenset({7}))
    supervisor = Supervisor(app.store, app.kinds, [program], grace=1.0)
    running = asyncio.create_task(supervisor.run())
    with app.store.signals.listen(WORKERS) as wake:
        await _worker_besides("", app, wake)
    assert (tmp_path / "tried").exists()
    await supervisor.stop()
    await running


async def test_what_was_ready_is_replaced_whatever_its_exit_code(
    app: Jobhive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # P17
    (tmp_path / "dying.py").write_text(DYING)
    monkeypatch.chdir(tmp_path)

    async def die() -> None:
        raise AssertionError("it runs in the other process")

    kind = app.job(on_crash="fail")(die)
    supervisor = Supervisor(app.store, app.kinds, [Program("worker", ("worker", "--app", "dying:app"))], grace=1.0)
    running = asyncio.create_task(supervisor.run())
    with app.store.signals.listen(WORKERS) as wake:
        first = await _worker_besides("", app, wake)
        await kind.enqueue()
        await _worker_besides(first, app, wake)
    assert not running.done()
    await supervisor.stop()
    await running


async def _worker_besides(known: str, app: Jobhive, wake: Wake) -> str:
    async with asyncio.timeout(60):
        while not (ids := [each.worker_id for each in await app.store.workers.active() if each.worker_id != known]):
            await wake.wait(1.0)
    return ids[0]
