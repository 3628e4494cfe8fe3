"""`jobhive worker`: processes that run jobs."""

from typing import Annotated

import typer

from jobhive.cli.commands.options import App, Data, InferenceDialect, InferenceUrl, Model, Url

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


def worker(
    app: App = None,
    queue: Queues = None,
    concurrency: Concurrency = 100,
    processes: Processes = 1,
    model: Model = None,
    inference_url: InferenceUrl = None,
    inference_dialect: InferenceDialect = None,
    grace: Grace = 60.0,
    url: Url = None,
    data: Data = None,
) -> None:
    """Run jobs of an application's kinds until told to stop; running jobs are finished first.

    \b
    Example: jobhive worker --app shop.jobs:app --queue mail --queue default
    """
    from jobhive.cli.loading import load_app, settle
    from jobhive.cli.programs.loop import run_program
    from jobhive.cli.programs.working import supervise_workers, work_until_stopped

    settings = settle(url=url, data=data, model=model, inference_url=inference_url, inference_dialect=inference_dialect)
    loaded = load_app(app)
    if processes == 1:
        run_program(settings, lambda stop: work_until_stopped(loaded, queue, concurrency, grace, stop))
    else:
        run_program(settings, lambda stop: supervise_workers(loaded, app, queue, concurrency, processes, grace, stop))
