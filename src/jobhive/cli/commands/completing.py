"""What a shell may complete: ids and names from the running server; nothing where it does not answer at once."""

import re
from typing import Literal

import typer

_PATIENCE_SECONDS = 1.0
_SAFE = re.compile(r"[\w.:@-]+")  # shells evaluate what they are offered


def job_ids(context: typer.Context, incomplete: str) -> list[str]:
    """Ids of the newest jobs."""
    return _offered(context, "JOBS", incomplete)


def queues(context: typer.Context, incomplete: str) -> list[str]:
    """Names of queues."""
    return _offered(context, "QUEUES", incomplete)


def kinds(context: typer.Context, incomplete: str) -> list[str]:
    """Kinds that active workers run."""
    return _offered(context, "KINDS", incomplete)


def worker_ids(context: typer.Context, incomplete: str) -> list[str]:
    """Ids of active workers."""
    return _offered(context, "WORKERS", incomplete)


def _offered(context: typer.Context, what: Literal["JOBS", "QUEUES", "KINDS", "WORKERS"], incomplete: str) -> list[str]:
    from jobhive.cli.exits import CommandError
    from jobhive.cli.server import names
    from jobhive.cli.server.http import connect
    from jobhive.settings import InvalidSettings

    listing = {"JOBS": names.JOBS, "QUEUES": names.QUEUES, "KINDS": names.KINDS, "WORKERS": names.WORKERS}[what]
    try:
        with connect(context.params.get("server"), _PATIENCE_SECONDS) as api:
            known = names.names_in(api.get(listing.newest), listing)
    except (CommandError, InvalidSettings):  # there is no place to tell it: the person is in the middle of a line
        return []
    return [name for name in known if name.startswith(incomplete) and _SAFE.fullmatch(name)]
