"""`jobhive stream`: a job's events, from the first or from where you left off."""

from typing import Annotated

import typer

from jobhive.cli.commands.options import JobId, Server


def stream(
    job_id: JobId,
    after: Annotated[int, typer.Option(min=0, help="Begin after the event of this number.")] = 0,
    raw: Annotated[bool, typer.Option("--raw", help="Print Server-Sent Events as they come.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    server: Server = None,
) -> None:
    """Follow a job to its end, from any point, in any number of terminals; a lost connection is taken up again.

    Exit code 10 if the job failed or was cancelled.

    \b
    Example: jobhive stream job-0192f3c0a1b27c3d8e4f5a6b7c8d9e0f --after 17
    """
    from jobhive.cli.screen.watch import copy, watch
    from jobhive.cli.server.http import connect

    if raw and json:
        raise typer.BadParameter("--raw and --json exclude each other")
    with connect(server) as api:
        code = copy(api, job_id, after, is_raw=raw) if raw or json else watch(api, job_id, after)
    raise typer.Exit(code)
