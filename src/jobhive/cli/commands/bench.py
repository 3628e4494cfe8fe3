"""`jobhive bench`: what the queue does on this machine."""

import os
from typing import Annotated

import typer

EmptyStore = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="An empty store, which keeps the jobs; without it, a fresh one that goes away in the end.",
    ),
]
Jobs = Annotated[int, typer.Option(min=1, help="Jobs to enqueue and to drain.")]
Processes = Annotated[int, typer.Option(min=1, help="Worker processes.")]
Concurrency = Annotated[int, typer.Option(min=1, help="Jobs at once in each of them.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def bench(
    url: EmptyStore = None,
    jobs: Jobs = 20_000,
    processes: Processes = 1,
    concurrency: Concurrency = 1_000,
    json: Json = False,
) -> None:
    """Measure this machine: jobs enqueued and run per second, milliseconds from enqueue to start and to result.

    Producer and workers are processes of their own, on a fresh SQLite store in the temporary folder ($TMPDIR). Every
    commit is synced, so the figures say much about the disk.

    \b
    Example: jobhive bench --jobs 50000 --json
    """
    from jobhive.bench.plan import Plan
    from jobhive.cli.commands.measuring import measure_and_say
    from jobhive.cli.programs.loop import run_program
    from jobhive.settings import load_settings

    os.environ.setdefault("JOBHIVE_LOG_LEVEL", "warning")  # else the workers' log runs through the progress
    plan = Plan(jobs, processes, concurrency)
    run_program(load_settings(), lambda stop: measure_and_say(url, plan, stop, is_json=json))
