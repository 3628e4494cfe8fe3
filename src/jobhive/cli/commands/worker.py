"""`jobhive worker`: processes that run jobs; with a noun after it, those that are running."""

from typing import Annotated

import typer

from jobhive.cli.commands.active_worker import active_workers
from jobhive.cli.commands.options import App, Data, InferenceDialect, InferenceUrl, Model, Url

workers = typer.Typer(invoke_without_command=True)
workers.add_typer(active_workers, name="active")

Queues = Annotated[
    list[str] | None,
    typer.Option(
        "--queue", "-q", help="Serve this queue; may be given several times, first come first.", envvar="JOBHIVE_QUEUES"
    ),
]
Concurrency = Annotated[
    int, typer.Option("--concurrency", "-c", min=1, help="Jobs at once in each process.", envvar="JOBHIVE_CONCURRENCY")
]
Processes = Annotated[
    int, typer.Option("--processes", "-p", min=1, help="Worker processes, each supervised.", envvar="JOBHIVE_PROCESSES")
]
Grace = Annotated[
    float, typer.Option(min=0, help="Seconds that running jobs have to end when asked to stop.", envvar="JOBHIVE_GRACE")
]
RecycleJobs = Annotated[
    int | None,
    typer.Option(
        "--recycle-jobs",
        min=1,
        help="Replace a worker process after so many jobs; running ones are finished.",
        envvar="JOBHIVE_RECYCLE_JOBS",
    ),
]
RecycleMib = Annotated[
    int | None,
    typer.Option(
        "--recycle-mib",
        min=1,
        help="Replace a worker process once it takes more memory than so many MiB; running jobs are finished.",
        envvar="JOBHIVE_RECYCLE_MIB",
    ),
]


@workers.callback()
def worker(
    context: typer.Context,
    app: App = None,
    queue: Queues = None,
    concurrency: Concurrency = 100,
    processes: Processes = 1,
    model: Model = None,
    inference_url: InferenceUrl = None,
    inference_dialect: InferenceDialect = None,
    grace: Grace = 60.0,
    recycle_jobs: RecycleJobs = None,
    recycle_mib: RecycleMib = None,
    url: Url = None,
    data: Data = None,
) -> None:
    """Run jobs of an application's kinds until told to stop; running jobs are finished first.

    With `active` after it: look at the workers that are running.

    \b
    Example: jobhive worker --app shop.jobs:app --queue mail --queue default
    """
    if context.invoked_subcommand is not None:
        return

    from jobhive.cli.loading import load_app, settle
    from jobhive.cli.programs.loop import run_program
    from jobhive.cli.programs.working import supervise_workers, work_until_stopped
    from jobhive.worker.child import is_supervised
    from jobhive.worker.recycling import Wear

    settings = settle(url=url, data=data, model=model, inference_url=inference_url, inference_dialect=inference_dialect)
    loaded = load_app(app)
    wear = Wear(recycle_jobs, recycle_mib)
    if processes == 1 and (is_supervised() or not wear.is_limited):
        run_program(settings, lambda stop: work_until_stopped(loaded, queue, concurrency, grace, wear, stop))
    else:
        run_program(
            settings, lambda stop: supervise_workers(loaded, app, queue, concurrency, processes, grace, wear, stop)
        )
