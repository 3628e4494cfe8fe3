"""What tests of isolated jobs ask for."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil
import pytest

from jobhive import CancelledJob, Event, FailedJob, JobCancelled, JobFailed, JobHandle, Jobhive
from tests.worker import dying_jobs
from tests.worker import isolated_jobs as jobs
from tests.worker.isolation.calls import SECONDS


def open_app(folder: Path) -> Jobhive:
    app = Jobhive(str(folder / "jobhive.db"))
    for handler in (*jobs.app.kinds, *dying_jobs.app.kinds):
        app.kinds.add(handler)
    return app


_FOR_INFERENCE = ("jobhive.kinds.inference.child", "tests.inference.remote.llama_server")


def left_behind() -> list[psutil.Process]:
    """Processes below this one, but for those that tests of inference keep for the whole session."""
    return [child for child in psutil.Process().children(recursive=True) if not _is_for_inference(child)]


def _is_for_inference(process: psutil.Process) -> bool:
    try:
        return any(program in process.cmdline() for program in _FOR_INFERENCE)
    except psutil.Error:  # it is gone, or a zombie that nobody waited for
        return False


async def result(app: Jobhive, kind: str, **params: object) -> object:
    return await (await app.enqueue(kind, params)).result(SECONDS)


async def failed(app: Jobhive, kind: str, **params: object) -> FailedJob:
    with pytest.raises(JobFailed) as caught:
        await result(app, kind, **params)
    job = await app.get(caught.value.job.id)
    assert isinstance(job, FailedJob)
    return job


async def cancelled(handle: JobHandle[object]) -> CancelledJob:
    with pytest.raises(JobCancelled) as caught:
        await handle.result(SECONDS)
    return caught.value.job


async def events(handle: JobHandle[object]) -> list[Event]:
    async with asyncio.timeout(SECONDS):
        return [event async for event in handle.stream()]


@asynccontextmanager
async def worker_process(*how: str, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker of its own, started as a program; a worker for the same database is killed in the end."""
    process = await asyncio.create_subprocess_exec(sys.executable, *how, str(folder / "jobhive.db"))
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


AS_MODULE = ["-m", "tests.worker.isolated_jobs"]
AS_SCRIPT = [str(Path(jobs.__file__))]
