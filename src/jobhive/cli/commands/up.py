"""`jobhive up`: server, workers and upkeep together, with one log."""

from typing import Annotated

import typer

from jobhive.cli.commands.options import App, Data, Host, InferenceDialect, InferenceUrl, Model, Port, Url
from jobhive.cli.commands.worker import Concurrency, Grace, Processes, RecycleJobs, RecycleMib

Reload = Annotated[bool, typer.Option("--reload", help="Restart when a Python file here changes; for development.")]


def up(
    app: App = None,
    host: Host = None,
    port: Port = None,
    concurrency: Concurrency = 100,
    processes: Processes = 1,
    model: Model = None,
    inference_url: InferenceUrl = None,
    inference_dialect: InferenceDialect = None,
    grace: Grace = 60.0,
    recycle_jobs: RecycleJobs = None,
    recycle_mib: RecycleMib = None,
    reload: Reload = False,
    url: Url = None,
    data: Data = None,
) -> None:
    """Start everything on this machine: HTTP API, workers, upkeep. Ctrl-C stops it all; again hurries.

    \b
    Example: jobhive up --app shop.jobs:app --reload
    """
    from jobhive.cli.loading import load_app, settle
    from jobhive.cli.programs.loop import run_program
    from jobhive.cli.programs.together import inference_slots, programs_for, run_together
    from jobhive.worker.recycling import Wear

    settings = settle(
        host=host,
        port=port,
        url=url,
        data=data,
        model=model,
        inference_url=inference_url,
        inference_dialect=inference_dialect,
    )
    loaded = load_app(app)
    wear, slots = Wear(recycle_jobs, recycle_mib), inference_slots(settings, concurrency)
    programs = programs_for(loaded, app, processes, concurrency, slots, grace, wear)
    run_program(settings, lambda stop: run_together(loaded, programs, grace, stop, is_reloading=reload))
