"""Workers of an application: one in this process, or several supervised ones."""

import asyncio
from collections.abc import Sequence

from jobhive.app import Jobhive
from jobhive.cli.exits import CommandError, Exit
from jobhive.cli.programs.loop import Stop
from jobhive.worker.child import tell_ready
from jobhive.worker.interpreter import tune_interpreter
from jobhive.worker.recycling import Wear, worn_out
from jobhive.worker.supervisor import ChildFailed, Program, Supervisor

PASSING = frozenset({Exit.UNREACHABLE.value})  # its supervisor has reached the store: so will the next process


async def work_until_stopped(
    app: Jobhive, queues: Sequence[str] | None, concurrency: int, grace: float, wear: Wear, stop: Stop
) -> None:
    """Runs jobs; returns after the first signal, once it was asked to retire, or worn out, with its jobs done or given
    back.

    Raises WorkerFailed.
    """
    tune_interpreter()
    async with app, app.worker(queues, concurrency, name="worker", grace=grace, max_jobs=wear.jobs) as worker:
        await tell_ready()
        stop.hurry = worker.hurry  # gives jobs back; leaving at once would count as a crash of theirs
        ends = [event.wait() for event in (stop.asked, worker.retired)] + [worn_out(worker, wear)]
        tasks = [asyncio.create_task(end) for end in ends]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()


async def supervise_workers(
    app: Jobhive,
    spec: str | None,
    queues: Sequence[str] | None,
    concurrency: int,
    processes: int,
    grace: float,
    wear: Wear,
    stop: Stop,
) -> None:
    """Runs so many worker processes; returns after the first signal, or once all were retired."""
    arguments = worker_arguments(spec, queues, concurrency, grace, wear)
    programs = [Program(f"worker-{number}", arguments, passing=PASSING) for number in range(1, processes + 1)]
    async with app:
        await supervise(Supervisor(app.store, app.kinds, programs, grace), stop)


async def supervise(supervisor: Supervisor, stop: Stop) -> None:
    """Runs the supervisor's programs until they end or a signal comes; the second signal is passed on.

    Raises CommandError where one of them cannot start.
    """
    stop.hurry = supervisor.hurry
    running = asyncio.create_task(supervisor.run())
    asked = asyncio.create_task(stop.asked.wait())
    try:
        await asyncio.wait({running, asked}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            await supervisor.stop()
        await running
    except ChildFailed as error:
        raise CommandError(str(error), error.exit_code) from error
    finally:
        asked.cancel()


def worker_arguments(
    spec: str | None, queues: Sequence[str] | None, concurrency: int, grace: float, wear: Wear
) -> tuple[str, ...]:
    """The command line of one worker process. It says all that the environment might say otherwise."""
    named = [part for queue in queues or () for part in ("--queue", queue)]
    app = [] if spec is None else ["--app", spec]
    size = ("--processes", "1", "--concurrency", str(concurrency), "--grace", str(grace))
    return ("worker", *app, *named, *size, *wear.arguments())
