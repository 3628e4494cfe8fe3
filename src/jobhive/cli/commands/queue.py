"""`jobhive queue`: how full queues are; holding, limiting and emptying them."""

from typing import Annotated

import typer

from jobhive.cli.commands.completing import queues as complete_queues
from jobhive.cli.commands.nouns import help_if_alone
from jobhive.cli.commands.options import DryRun, Fields, Json, Quiet, Server, Template, Yes

queues = typer.Typer(invoke_without_command=True)

Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="Name of the queue.", show_default=False, autocompletion=complete_queues),
]
Names = Annotated[
    list[str],
    typer.Argument(metavar="NAME...", help="Names of queues.", show_default=False, autocompletion=complete_queues),
]


@queues.callback()
def queue(context: typer.Context) -> None:
    """Look at queues, hold them, limit them, empty them."""
    help_if_alone(context)


@queues.command()
def ls(
    json: Json = False,
    fields: Fields = None,
    template: Template = None,
    quiet: Quiet = False,
    server: Server = None,
) -> None:
    """List the queues that hold open jobs or have settings, with their figures and limits.

    \b
    Example: jobhive queue ls
    Example: jobhive queue ls --format '{name} {depth}'
    """
    from jobhive.cli.screen.form import form_of
    from jobhive.cli.screen.queue_pages import say_queues
    from jobhive.cli.server.http import connect
    from jobhive.cli.server.queue_calls import list_queues
    from jobhive.cli.server.views import QueueView

    known = QueueView.model_fields
    form = form_of(known, identity="name", json=json, fields=fields, template=template, quiet=quiet)
    with connect(server) as api:
        say_queues(list_queues(api), form)


queues.command("list", hidden=True)(ls)


@queues.command()
def pause(names: Names, server: Server = None) -> None:
    """Hold queues: they keep their jobs and take new ones, none of which starts. What runs is finished.

    \b
    Example: jobhive queue pause mail
    """
    from jobhive.cli.commands.each import for_each
    from jobhive.cli.server.http import connect
    from jobhive.cli.server.queue_calls import pause_queue

    with connect(server) as api:
        for_each(names, lambda name: pause_queue(api, name))


@queues.command()
def resume(names: Names, server: Server = None) -> None:
    """Let held queues go on.

    \b
    Example: jobhive queue resume mail
    """
    from jobhive.cli.commands.each import for_each
    from jobhive.cli.server.http import connect
    from jobhive.cli.server.queue_calls import resume_queue

    with connect(server) as api:
        for_each(names, lambda name: resume_queue(api, name))


@queues.command()
def limit(
    name: Name,
    running: Annotated[
        str | None, typer.Option(metavar="NUMBER|none", help="At most so many of its jobs run at once.")
    ] = None,
    depth: Annotated[
        str | None, typer.Option(metavar="NUMBER|none", help="At most so many wait; further ones are refused.")
    ] = None,
    server: Server = None,
) -> None:
    """Set limits of a queue; what is not named stays as it is.

    \b
    Example: jobhive queue limit mail --running 2 --depth 10000
    Example: jobhive queue limit mail --running none
    """
    from jobhive.cli.output import note
    from jobhive.cli.server.http import connect
    from jobhive.cli.server.queue_calls import limit_queue, read_limits

    limits = read_limits(running=running, depth=depth)
    with connect(server) as api:
        note(limit_queue(api, name, limits))


@queues.command()
def purge(name: Name, yes: Yes = False, dry_run: DryRun = False, server: Server = None) -> None:
    """Cancel and delete for good what waits in a queue. What runs goes on; a job that starts meanwhile is cancelled.

    \b
    Example: jobhive queue purge mail --dry-run
    """
    from jobhive.cli.commands.bulk import PURGE, Choice, steer

    steer(PURGE, Choice(queue=name, is_all=True), server, is_agreed=yes, is_dry=dry_run)
