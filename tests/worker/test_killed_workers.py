"""A worker's process that is killed in mid-job: its jobs are taken back at once, by whoever is there."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from jobhive import CompleteJob, FailedJob, Jobhive, State
from jobhive.testing import wait_for_state

Kill = Callable[[], Awaitable[None]]


@pytest.fixture
async def patient(app: Jobhive) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker program whose jobs never end; it says the id of each that it begins."""
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.worker.patient_worker", app.store.url, stdout=asyncio.subprocess.PIPE
    )
    yield program
    if program.returncode is None:
        program.kill()
        await program.wait()


async def begun(program: asyncio.subprocess.Process) -> str:
    """The id of the next job that the program begins."""
    assert program.stdout is not None
    async with asyncio.timeout(60):
        return (await program.stdout.readline()).decode().strip()


async def test_its_job_goes_on_elsewhere_long_before_the_lease_ends(  # D5, P5
    app: Jobhive, patient: asyncio.subprocess.Process
) -> None:
    @app.job()
    async def wait() -> str:
        return "done here"

    handle = await wait.enqueue()
    assert await begun(patient) == handle.id
    before = app.store.clock.now_ms()
    lease_until_ms = (await app.store.jobs.get([handle.id]))[0].lease_until_ms
    patient.send_signal(signal.SIGKILL)
    await patient.wait()
    async with app.worker():
        assert await handle.result(timeout=20) == "done here"
    assert before < app.store.clock.now_ms() < (lease_until_ms or 0)
    job = await handle.job()
    assert isinstance(job, CompleteJob)
    assert (job.attempt, job.failures, [each.outcome for each in job.attempts]) == (2, 0, ["lost"])
    assert await app.store.workers.dead() == []


async def test_a_kind_that_must_not_run_twice_fails_instead(app: Jobhive, patient: asyncio.subprocess.Process) -> None:
    @app.job(on_crash="fail")
    async def wait() -> None: ...

    handle = await wait.enqueue()
    await begun(patient)
    patient.kill()
    await patient.wait()
    async with app.upkeep():
        await wait_for_state(app.store, handle.id)
    job = await handle.job()
    assert isinstance(job, FailedJob)
    assert (job.error.code, job.error.type) == ("CRASHED", "WorkerLost")


async def test_a_worker_that_lives_is_left_alone_by_anothers_start(  # D5
    app: Jobhive, patient: asyncio.subprocess.Process
) -> None:
    @app.job(queue="default")
    async def wait() -> None: ...

    @app.job(queue="other")
    async def other() -> str:
        return "done"

    handle = await wait.enqueue()
    await begun(patient)
    for _ in range(3):
        async with app.worker(queues=["other"]):
            await (await other.enqueue()).result(timeout=20)
    record = (await app.store.jobs.get([handle.id]))[0]
    assert (record.state, record.attempt, record.losses) == (State.RUNNING, 1, 0)
