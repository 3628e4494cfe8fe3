"""`jobhive job`: one job, or several, by their ids."""

import sys
from typing import Annotated, Literal

import typer

from jobhive.cli.commands.each import for_each
from jobhive.cli.commands.nouns import help_if_alone
from jobhive.cli.commands.options import (
    Arguments,
    Delay,
    JobId,
    JobIds,
    Json,
    Key,
    KindName,
    Params,
    Priority,
    Queue,
    Quiet,
    Server,
)
from jobhive.cli.output import note, say, say_json
from jobhive.cli.screen.asking import confirm

jobs = typer.Typer(invoke_without_command=True)

States = Literal["waiting", "scheduled", "pending", "running", "complete", "failed", "cancelled"]


@jobs.callback()
def job(context: typer.Context) -> None:
    """Create jobs, look at them, steer them."""
    help_if_alone(context)


@jobs.command()
def new(
    kind: KindName,
    arguments: Arguments = None,
    params: Params = None,
    queue: Queue = None,
    priority: Priority = None,
    delay: Delay = None,
    key: Key = None,
    server: Server = None,
) -> None:
    """Create a job and print its id. It runs whether or not anybody watches.

    \b
    Example: jobhive job new generate -a prompt='Once upon a time' -a max_tokens=64
    """
    from jobhive.cli.commands.params import read_params
    from jobhive.cli.server.http import connect
    from jobhive.cli.server.job_calls import create_job

    read = read_params(arguments or [], params)
    with connect(server) as api:
        job = create_job(api, kind, read, queue=queue, priority=priority, delay=delay, key=key)
    say(job.job_id)
    if sys.stderr.isatty():
        note(f"follow it: jobhive stream {job.job_id}")


@jobs.command()
def ls(
    state: Annotated[States | None, typer.Option(help="Only jobs in this state.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only jobs of this kind.")] = None,
    queue: Annotated[str | None, typer.Option(help="Only jobs in this queue.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    json: Json = False,
    quiet: Quiet = False,
    server: Server = None,
) -> None:
    """List jobs, newest first.

    \b
    Example: jobhive job ls --state failed -q
    """
    from jobhive.cli.screen.job_pages import say_jobs
    from jobhive.cli.server.http import connect
    from jobhive.cli.server.job_calls import list_jobs

    with connect(server) as api:
        listed, has_more = list_jobs(api, limit, state=state, kind=kind, queue=queue)
    say_jobs(listed, is_json=json, is_quiet=quiet)
    if not listed:
        note("no jobs match")
    if has_more:
        note(f"these are the newest {limit}; more with --limit {limit * 10}")


jobs.command("list", hidden=True)(ls)


@jobs.command()
def show(job_id: JobId, json: Json = False, server: Server = None) -> None:
    """Show one job with its attempts.

    \b
    Example: jobhive job show job-0192f3c0a1b27c3d8e4f5a6b7c8d9e0f
    """
    from jobhive.cli.screen.job_pages import say_job
    from jobhive.cli.server.http import connect, job_path

    with connect(server) as api:
        say_job(api.get(job_path(job_id)), is_json=json)


@jobs.command()
def result(
    job_id: JobId,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=0, help="Wait for it so long at most.")] = 0,
    json: Json = False,
    server: Server = None,
) -> None:
    """Print the result of a complete job. Exit code 10 if it failed or was cancelled, 6 if it has not ended yet.

    \b
    Example: jobhive job result job-0192f3c0a1b27c3d8e4f5a6b7c8d9e0f --timeout 60
    """
    from jobhive.cli.screen.job_pages import as_text
    from jobhive.cli.server.http import connect
    from jobhive.cli.server.job_calls import result_of

    with connect(server) as api:
        value = result_of(api, job_id, timeout)
    if json:
        say_json(value)
    else:
        say(as_text(value))


@jobs.command()
def cancel(job_ids: JobIds, server: Server = None) -> None:
    """Cancel jobs: at once where they wait, as soon as their handler has stopped where they run.

    \b
    Example: jobhive job cancel job-0192f3c0a1b27c3d8e4f5a6b7c8d9e0f
    """
    from jobhive.cli.server.http import connect
    from jobhive.cli.server.job_calls import cancel_job

    with connect(server) as api:
        for_each(job_ids, lambda job_id: cancel_job(api, job_id))


@jobs.command()
def retry(job_ids: JobIds, server: Server = None) -> None:
    """Run failed or cancelled jobs again, with their failures forgotten.

    \b
    Example: jobhive job ls --state failed -q | xargs jobhive job retry
    """
    from jobhive.cli.server.http import connect
    from jobhive.cli.server.job_calls import retry_job

    with connect(server) as api:
        for_each(job_ids, lambda job_id: retry_job(api, job_id))


@jobs.command()
def rm(
    job_ids: JobIds,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    server: Server = None,
) -> None:
    """Delete ended jobs for good, with their events and results.

    \b
    Example: jobhive job rm -y job-0192f3c0a1b27c3d8e4f5a6b7c8d9e0f
    """
    from jobhive.cli.server.http import connect
    from jobhive.cli.server.job_calls import purge_job

    what = job_ids[0] if len(job_ids) == 1 else f"{len(job_ids)} jobs"
    confirm(f"Delete {what} for good?", is_agreed=yes)
    with connect(server) as api:
        for_each(job_ids, lambda job_id: purge_job(api, job_id))


jobs.command("delete", hidden=True)(rm)
