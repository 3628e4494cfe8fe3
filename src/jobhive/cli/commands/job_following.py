"""`jobhive job logs` and `jobhive job watch`: what jobs tell, and how they are doing."""

from typing import Annotated

import typer

from jobhive.cli.commands.options import JobIds, Server
from jobhive.cli.exits import CommandError, Exit

Moment = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="No lines from before: 10m, 1h30m, 2026-01-31T14:00."),
]
End = Annotated[str | None, typer.Option(metavar="TIME", help="No lines from after; written as --since.")]


def logs(
    job_ids: JobIds,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come, until the jobs end.")] = False,
    since: Moment = None,
    until: End = None,
    tail: Annotated[int | None, typer.Option("--tail", "-n", min=0, help="Only the last so many lines.")] = None,
    times: Annotated[bool, typer.Option("--timestamps", "-t", help="Begin each line with its time.")] = False,
    grep: Annotated[
        str | None, typer.Option("--grep", "-g", metavar="REGEX", help="Only lines in which this is found.")
    ] = None,
    after: Annotated[int, typer.Option(min=0, help="Begin after the event of this number.")] = 0,
    server: Server = None,
) -> None:
    """Print what jobs logged and narrated; of several jobs in the order of time. Ctrl-C leaves them running.

    \b
    Example: jobhive job logs job-0192f3c0a1b27c3d8e4f5a6b7c8d9e0f -f -n 20 -g 'error|warning'
    """
    from jobhive.cli.screen.instants import read_instant
    from jobhive.cli.screen.logs import LogPrinter, Wanted, read_pattern
    from jobhive.cli.screen.reading_logs import Place, read_logs
    from jobhive.cli.server.http import connect

    if follow and until is not None:
        raise CommandError("--follow goes on as long as the jobs do, --until ends before; choose one", Exit.USAGE)
    wanted = Wanted(read_instant(since), read_instant(until), read_pattern(grep))
    with connect(server) as api:
        read_logs(api, job_ids, Place(after, tail, follow), LogPrinter(job_ids, wanted, has_times=times))


def watch(
    job_ids: JobIds,
    exit_status: Annotated[
        bool, typer.Option("--exit-status", help="Exit code 10 if one of the jobs failed or was cancelled.")
    ] = False,
    interval: Annotated[float, typer.Option("--interval", "-i", metavar="SECONDS", min=0.05)] = 1.0,
    server: Server = None,
) -> None:
    """Watch jobs until all have ended: a live table on a terminal, otherwise a line whenever a job changes.

    \b
    Example: jobhive job watch --exit-status job-0192f3c0a1b27c3d8e4f5a6b7c8d9e0f && echo done
    """
    from jobhive.cli.screen.monitor import monitor
    from jobhive.cli.server.http import connect

    with connect(server) as api:
        code = monitor(api, job_ids, interval)
    raise typer.Exit(code if exit_status else Exit.OK)
