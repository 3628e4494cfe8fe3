"""Whatever a job has started, in whatever sessions it hides, ends with it."""

import os
import random
import signal
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from jobhive import IllegalTransition, Jobhive
from tests.worker.isolation.asking import AS_MODULE, worker_process
from tests.worker.isolation.calls import Calls

_SPIN, _HOLD, _OVERRUN = "spin_with_stubborn", "hold_with_stubborn", "overrun_with_stubborn"
_ENDS = ((_SPIN, "cancel"), (_SPIN, "worker"), (_SPIN, "process"), (_SPIN, "guard"), (_HOLD, "worker"))
_MORE_ENDS = (*_ENDS, (_HOLD, "cancel"), (_HOLD, "process"), (_OVERRUN, "timeout"))


@pytest.mark.parametrize(("kind", "way"), _ENDS)
async def test_a_tree_that_hides_ends_with_its_job(  # P17
    app: Jobhive, calls: Calls, tmp_path: Path, kind: str, way: str
) -> None:
    await _end(app, calls, tmp_path, kind, way)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [1])
async def test_a_hundred_trees_leave_no_process(app: Jobhive, calls: Calls, tmp_path: Path, seed: int) -> None:  # P17
    chance = random.Random(seed)
    for _ in range(100):
        await _end(app, calls, tmp_path, *chance.choice(_MORE_ENDS))


async def _end(app: Jobhive, calls: Calls, folder: Path, kind: str, way: str) -> None:
    """A job whose program forks twice, opens a session of its own and ignores SIGTERM, ended in this way."""
    async with worker_process(*AS_MODULE, folder=folder) as worker:
        handle = await app.enqueue(kind, {"port": calls.port})
        call = await calls.take()
        assert await call.word() == "hidden"
        match way:
            case "cancel":
                await handle.cancel()
            case "worker":
                worker.kill()
            case "process":
                os.kill(call.pid, signal.SIGKILL)
            case "guard":
                os.kill(psutil.Process(call.pid).ppid(), signal.SIGKILL)
            case _:
                assert way == "timeout"
        assert await call.is_gone()
        with suppress(IllegalTransition):  # it timed out; otherwise nobody is to try it again
            await handle.cancel()
