"""The program: what is common to all commands, and how they end."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from typing import Annotated

import typer

from jobhive.cli.commands import (
    audit,
    bench,
    completion,
    config,
    db,
    demo,
    docs,
    doctor,
    job,
    queue,
    run,
    serve,
    status,
    stream,
    token,
    top,
    up,
    version,
    worker,
)
from jobhive.cli.commands.nouns import help_if_alone
from jobhive.cli.commands.options import LogFormat, LogLevel
from jobhive.cli.exits import Exit, report

_JSON = "--json="

root = typer.Typer(
    name="jobhive",
    invoke_without_command=True,
    rich_markup_mode=None,  # plain help appears in a third of the time
    context_settings={"auto_envvar_prefix": "JOBHIVE", "help_option_names": ["-h", "--help"]},
)
root.command()(demo.demo)
root.command()(up.up)
root.command()(serve.serve)
root.add_typer(worker.workers, name="worker")
root.command()(run.run)
root.command()(stream.stream)
root.add_typer(job.jobs, name="job")
root.add_typer(queue.queues, name="queue")
root.add_typer(db.database, name="db")
root.add_typer(token.tokens, name="token")
root.add_typer(audit.audits, name="audit")
root.command()(bench.bench)
root.command()(status.status)
root.command()(top.top)
root.command()(doctor.doctor)
root.command()(config.config)
root.command()(docs.docs)
root.command()(completion.completion)
root.command(name="version")(version.version)


@dataclass
class Session:
    """One run of the program."""

    is_debug: bool = False  # set by the root command, read once the command has ended


def _say_version(is_asked: bool) -> None:
    if is_asked:
        version.version()
        raise typer.Exit


@root.callback()
def jobhive(
    context: typer.Context,
    debug: Annotated[bool, typer.Option(help="Show where an error happened.", envvar="JOBHIVE_DEBUG")] = False,
    log_format: LogFormat = None,
    log_level: LogLevel = None,
    is_version_asked: Annotated[
        bool,
        typer.Option(
            "--version", callback=_say_version, is_eager=True, allow_from_autoenv=False, help="Print the version."
        ),
    ] = False,
) -> None:
    """Durable jobs that run and stream live, on one machine or many.

    \b
    Start everything:  jobhive up
    Run a job:         jobhive run generate -a prompt='The capital of France is' -a max_tokens=16

    Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 not allowed, 5 conflict, 6 timeout, 7 unreachable,
    10 the job failed, 130 interrupted. More: jobhive docs
    """
    session: Session = context.obj
    session.is_debug = debug
    help_if_alone(context)
    # In the environment, so that child processes log alike.
    if log_format:
        os.environ["JOBHIVE_LOG_FORMAT"] = log_format
    if log_level:
        os.environ["JOBHIVE_LOG_LEVEL"] = log_level


def main() -> None:
    """Entry point: runs the command line and exits."""
    for told_to in (sys.stdout, sys.stderr):
        if isinstance(told_to, TextIOWrapper):
            told_to.reconfigure(errors="backslashreplace")  # no encoding keeps us from telling
    sys.exit(outcome(sys.argv[1:]))


def outcome(arguments: Sequence[str]) -> int:
    """Runs one command line; returns its exit code."""
    session = Session()
    try:
        code = root(_spelled_out(arguments), prog_name="jobhive", standalone_mode=False, obj=session)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except Exception as error:
        return report(error, is_debug=session.is_debug)
    return code if isinstance(code, int) else Exit.OK


def _spelled_out(arguments: Sequence[str]) -> list[str]:
    """`--json=NAMES` as the parser knows it; its flags take no value and its options always do."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = [f"--fields={each.removeprefix(_JSON)}" if each.startswith(_JSON) else each for each in arguments[:end]]
    return [*options, *arguments[end:]]
