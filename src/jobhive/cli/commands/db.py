"""`jobhive db`: the store itself, without a server: how it is, a copy of it, its schema."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from jobhive.cli.commands.nouns import help_if_alone
from jobhive.cli.commands.options import Data, Url
from jobhive.cli.output import note, say, say_fields, say_json

database = typer.Typer(invoke_without_command=True)

Target = Annotated[Path, typer.Argument(metavar="FILE", help="The copy; must not exist yet.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@database.callback()
def db(context: typer.Context) -> None:
    """Look after the store itself. These commands need no server and may run beside one."""
    help_if_alone(context)


@database.command()
def status(json: Json = False, url: Url = None, data: Data = None) -> None:
    """Show the store's schema version, its sizes and its jobs by state.

    \b
    Example: jobhive db status --data /var/lib/jobhive
    """
    from jobhive.cli.commands.keeping import look, shown

    found = asyncio.run(look(url, data))
    if json:
        say_json(found._asdict())
    else:
        say_fields(shown(found))


@database.command()
def backup(file: Target, url: Url = None, data: Data = None) -> None:
    """Copy the store to a new file while work goes on. The copy is checked and on disk once this returns.

    To restore it: stop everything, remove the store's files that end in -wal and -shm, and put the copy in the place of
    its file. From PostgreSQL it is an archive: restore it into an empty database with pg_restore --clean --if-exists.

    \b
    Example: jobhive db backup /backups/jobhive-$(date +%F).db
    """
    from jobhive.cli.commands.keeping import copy

    asyncio.run(copy(file, url, data))
    say(str(file))
    note(f"{file.stat().st_size:,} bytes, checked")


@database.command()
def migrate(
    plan: Annotated[bool, typer.Option("--plan", help="Only print what would be applied.")] = False,
    url: Url = None,
    data: Data = None,
) -> None:
    """Bring the store to this version's schema, creating it where there is none. Starting a program does the same.

    \b
    Example: jobhive db migrate --plan
    """
    from jobhive.cli.commands.keeping import bring_forward, missing

    names = asyncio.run(missing(url, data) if plan else bring_forward(url, data))
    for name in names:
        say(name)
    note(f"{len(names)} to apply" if plan else f"{len(names)} applied; the schema is the newest")


@database.command()
def sql(url: Url = None, data: Data = None) -> None:
    """Print all migrations as SQL, to be read; `jobhive db migrate` applies them, and notes that it did.

    \b
    Example: jobhive db sql | less
    """
    from jobhive.cli.commands.keeping import store_of

    for migration in store_of(url, data).schema.migrations():
        say(f"-- migration {migration.name}\n{migration.sql}")
