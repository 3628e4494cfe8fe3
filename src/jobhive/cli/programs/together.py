"""The processes of one installation on one machine, under one supervisor."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from jobhive.app import Jobhive
from jobhive.cli.programs.changes import changed_files
from jobhive.cli.programs.loop import Stop
from jobhive.cli.programs.working import PASSING, supervise, worker_arguments
from jobhive.narration import narrate
from jobhive.settings import Settings
from jobhive.worker.recycling import Wear
from jobhive.worker.supervisor import Program, Supervisor

INFERENCE_QUEUE = "ai"  # apart from the rest: a model's process may crash, and takes its worker's jobs along
ENGINE_SLOTS = 4  # as many as the engine batches; further jobs wait in the queue, where any worker can take them


def inference_slots(settings: Settings, concurrency: int) -> int:
    """Generations at once; a server that is not ours has room for more than the engine here."""
    return ENGINE_SLOTS if settings.inference_url is None else concurrency


def programs_for(
    app: Jobhive, spec: str | None, processes: int, concurrency: int, slots: int, grace: float, wear: Wear
) -> list[Program]:
    """The server, the workers, and a worker of its own with `slots` for inference where a kind uses its queue."""
    named = [] if spec is None else ["--app", spec]
    programs = [Program("server", ("serve", *named), runs_jobs=False, passing=PASSING)]
    queues = app.kinds.queues()
    others = [queue for queue in queues if queue != INFERENCE_QUEUE] or ["default"]
    arguments = worker_arguments(spec, others, concurrency, grace, wear)
    programs += [Program(f"worker-{number}", arguments, passing=PASSING) for number in range(1, processes + 1)]
    if INFERENCE_QUEUE in queues:
        arguments = worker_arguments(spec, [INFERENCE_QUEUE], slots, grace, wear)
        programs.append(Program("worker-ai", arguments, passing=PASSING))
    return programs


async def run_together(
    app: Jobhive, programs: Sequence[Program], grace: float, stop: Stop, *, is_reloading: bool
) -> None:
    """Runs the programs until a signal comes or one of them cannot start."""
    async with app:
        supervisor = Supervisor(app.store, app.kinds, programs, grace)
        reloading = asyncio.create_task(_reload(supervisor)) if is_reloading else None
        try:
            await supervise(supervisor, stop)
        finally:
            if reloading is not None:
                reloading.cancel()
                with suppress(asyncio.CancelledError):
                    await reloading


async def _reload(supervisor: Supervisor) -> None:
    async for paths in changed_files(Path.cwd()):
        narrate("jobhive", "reloads", ", ".join(sorted(path.name for path in paths)), "a file changed")
        supervisor.restart()
