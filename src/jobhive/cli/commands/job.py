"""`jobhive job`: one job, or several, by their ids."""

import sys
from typing import Annotated

import typer

from jobhive.cli.commands.job_following import logs, watch
from jobhive.cli.commands.job_steering import cancel, retry, rm
from jobhive.cli.commands.nouns import help_if_alone
from jobhive.cli.commands.options import (
    Arguments,
    Delay,
    Fields,
    JobId,
    Json,
    Key,
    KindFilter,
    KindName,
    OnlyJson,
    Params,
    Priority,
    Queue,
    QueueFilter,
    Quiet,
    Server,
    StateFilter,
    Template,
)
from jobhive.cli.output import note, say, say_json

jobs = typer.Typer(invoke_without_command=True)


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
    state: StateFilter = None,
    kind: KindFilter = None,
    queue: QueueFilter = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    json: Json = False,
    fields: Fields = None,
    template: Template = None,
    quiet: Quiet = False,
    server: Server = None,
) -> None:
    """List jobs, newest first.

    \b
    Example: jobhive job ls --state failed -q
    Example: jobhive job ls --json=id,state,error.type
    """
    from jobhive.cli.screen.form import form_of
    from jobhive.cli.screen.job_pages import say_jobs
    from jobhive.cli.server.http import connect
    from jobhive.cli.server.job_calls import list_jobs
    from jobhive.cli.server.views import JobView

    form = form_of(JobView.model_fields, json=json, fields=fields, template=template, quiet=quiet)
    with connect(server) as api:
        listed, has_more = list_jobs(api, limit, state=state, kind=kind, queue=queue)
    say_jobs(listed, form)
    if not listed:
        note("no jobs match")
    if has_more:
        note(f"these are the newest {limit}; more with --limit {limit * 10}")


jobs.command("list", hidden=True)(ls)


@jobs.command()
def show(
    job_id: JobId,
    json: Json = False,
    fields: Fields = None,
    template: Template = None,
    quiet: Quiet = False,
    server: Server = None,
) -> None:
    """Show one job with its attempts.

    \b
    Example: jobhive job show job-0192f3c0a1b27c3d8e4f5a6b7c8d9e0f
    """
    from jobhive.cli.screen.form import form_of
    from jobhive.cli.screen.job_pages import say_job
    from jobhive.cli.server.http import connect, job_path
    from jobhive.cli.server.views import JobView

    form = form_of(JobView.model_fields, json=json, fields=fields, template=template, quiet=quiet)
    with connect(server) as api:
        say_job(api.get(job_path(job_id)), form)


@jobs.command()
def result(
    job_id: JobId,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=0, help="Wait for it so long at most.")] = 0,
    json: OnlyJson = False,
    server: Server = None,
) -> None:
    """Print the result of a complete job. Exit code 10 if it failed or was cancelled, 6 if it has not ended yet.

    \b
    Example: jobhive job result job-0192f3c0a1b27c3d8e4f5a6b7c8d9e0f --timeout 60
    """
    from jobhive.cli.screen.template import as_text
    from jobhive.cli.server.http import connect
    from jobhive.cli.server.job_calls import result_of

    with connect(server) as api:
        value = result_of(api, job_id, timeout)
    if json:
        say_json(value)
    else:
        say(as_text(value))


jobs.command()(logs)
jobs.command()(watch)
jobs.command()(cancel)
jobs.command()(retry)
jobs.command()(rm)
jobs.command("delete", hidden=True)(rm)
