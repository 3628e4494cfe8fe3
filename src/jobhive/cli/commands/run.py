"""`jobhive run`: create a job and follow it."""

from typing import Annotated

import typer

from jobhive.cli.commands.options import Arguments, Key, KindName, Params, Priority, Queue, Server
from jobhive.cli.output import note, say_json


def run(
    kind: KindName,
    arguments: Arguments = None,
    params: Params = None,
    queue: Queue = None,
    priority: Priority = None,
    key: Key = None,
    json: Annotated[bool, typer.Option("--json", help="Print nothing but the ended job, as JSON.")] = False,
    server: Server = None,
) -> None:
    """Create a job and follow it: what it produces on stdout, progress and remarks on stderr.

    Exit code 10 if the job failed or was cancelled. Ctrl-C leaves the job running and says how to come back.

    \b
    Example: jobhive run generate -a prompt='The capital of France is' -a max_tokens=16
    """
    from jobhive.cli.commands.params import read_params
    from jobhive.cli.screen.watch import watch
    from jobhive.cli.server.http import connect, job_path
    from jobhive.cli.server.job_calls import create_job

    read = read_params(arguments or [], params)
    with connect(server) as api:
        job = create_job(api, kind, read, queue=queue, priority=priority, key=key)
        note(f"{job.job_id} is created")
        code = watch(api, job.job_id, is_silent=json)
        if json:
            say_json(api.get(job_path(job.job_id)))
    raise typer.Exit(code)
