"""`jobhive top`: the installation, live."""

from typing import Annotated

import typer

from jobhive.cli.commands.options import OnlyJson, Server


def top(
    interval: Annotated[
        float, typer.Option("--interval", "-i", metavar="SECONDS", min=0.1, help="Time between two looks.")
    ] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Look once and end.")] = False,
    json: OnlyJson = False,
    server: Server = None,
) -> None:
    """Watch queues, active workers, rates and running jobs. Key q or Ctrl-C ends it.

    With --json, or where stdout is no terminal, every look is printed on its own; with --json as one line each.

    \b
    Example: jobhive top
    Example: jobhive top --once --json
    """
    from jobhive.cli.screen.top_view import show_top
    from jobhive.cli.server.http import connect

    with connect(server) as api:
        show_top(api, interval, is_once=once, is_json=json)
