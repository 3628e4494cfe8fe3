"""`jobhive worker active`: the workers that give signs of life."""

from typing import Annotated

import typer

from jobhive.cli.commands.completing import worker_ids as complete_workers
from jobhive.cli.commands.nouns import help_if_alone
from jobhive.cli.commands.options import Fields, Json, Quiet, Server, Template

active_workers = typer.Typer(invoke_without_command=True)

WorkerId = Annotated[
    str,
    typer.Argument(metavar="ID", help="Id of the worker.", show_default=False, autocompletion=complete_workers),
]
WorkerIds = Annotated[
    list[str],
    typer.Argument(metavar="ID...", help="Ids of workers.", show_default=False, autocompletion=complete_workers),
]


@active_workers.callback()
def active(context: typer.Context) -> None:
    """Look at the workers that give signs of life; retire them."""
    help_if_alone(context)


@active_workers.command()
def ls(
    json: Json = False,
    fields: Fields = None,
    template: Template = None,
    quiet: Quiet = False,
    server: Server = None,
) -> None:
    """List active workers, oldest first.

    \b
    Example: jobhive worker active ls --json=id,state,running
    """
    from jobhive.cli.screen.form import form_of
    from jobhive.cli.screen.worker_pages import say_workers
    from jobhive.cli.server.http import connect
    from jobhive.cli.server.views import WorkerView
    from jobhive.cli.server.worker_calls import list_workers

    form = form_of(WorkerView.model_fields, json=json, fields=fields, template=template, quiet=quiet)
    with connect(server) as api:
        say_workers(list_workers(api), form)


active_workers.command("list", hidden=True)(ls)


@active_workers.command()
def get(
    worker_id: WorkerId,
    json: Json = False,
    fields: Fields = None,
    template: Template = None,
    quiet: Quiet = False,
    server: Server = None,
) -> None:
    """Show one active worker.

    \b
    Example: jobhive worker active get worker-0192f3c0a1b27c3d8e4f5a6b7c8d9e0f
    """
    from jobhive.cli.screen.form import form_of
    from jobhive.cli.screen.worker_pages import say_worker
    from jobhive.cli.server.http import connect
    from jobhive.cli.server.views import WorkerView
    from jobhive.cli.server.worker_calls import get_worker

    form = form_of(WorkerView.model_fields, json=json, fields=fields, template=template, quiet=quiet)
    with connect(server) as api:
        say_worker(get_worker(api, worker_id), form)


@active_workers.command()
def retire(worker_ids: WorkerIds, server: Server = None) -> None:
    """Ask workers to take no new jobs, finish those they have, and exit.

    \b
    Example: jobhive worker active retire worker-0192f3c0a1b27c3d8e4f5a6b7c8d9e0f
    """
    from jobhive.cli.commands.each import for_each
    from jobhive.cli.server.http import connect
    from jobhive.cli.server.worker_calls import retire_worker

    with connect(server) as api:
        for_each(worker_ids, lambda worker_id: retire_worker(api, worker_id))
