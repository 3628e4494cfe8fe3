"""`jobhive token`: who may call the server. Works on the store itself: without a token nobody gets past the server."""

import asyncio
import re
from collections.abc import Sequence
from typing import Annotated

import typer

from jobhive.cli.commands.each import for_each
from jobhive.cli.commands.nouns import help_if_alone
from jobhive.cli.commands.options import Data, Json, Quiet, Url
from jobhive.cli.exits import CommandError, Exit
from jobhive.cli.output import note, say, say_json
from jobhive.core.access import Scope

tokens = typer.Typer(invoke_without_command=True)

_SPAN = re.compile(r"(?P<count>[1-9][0-9]{0,5})(?P<unit>s|min|h|d)")
_UNIT_MS = {"s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}


@tokens.callback()
def token(context: typer.Context) -> None:
    """Make, list and revoke access tokens. From the first one on, every call to the server needs one."""
    help_if_alone(context)


@tokens.command()
def new(
    name: Annotated[str, typer.Argument(help="For people, such as the program that will use it.", show_default=False)],
    scope: Annotated[
        list[Scope], typer.Option("--scope", "-s", help="What it is good for; repeat it.", show_default=False)
    ],
    owner: Annotated[str | None, typer.Option(help="Whose jobs it creates and sees; NAME otherwise.")] = None,
    expires: Annotated[
        str | None, typer.Option(metavar="SPAN", help="How long it holds: 90s, 15min, 12h, 30d; for ever otherwise.")
    ] = None,
    rate: Annotated[str | None, typer.Option(metavar="N/min", help="At most so many calls: N/s, N/min or N/h.")] = None,
    json: Json = False,
    url: Url = None,
    data: Data = None,
) -> None:
    """Make a token and print it, this once: the store keeps only a digest of it.

    submit: create jobs and steer one's own; read: see one's own; work: run jobs elsewhere; operate: see and steer
    everybody's; admin: all of it, tokens and the audit log too.

    \b
    Example: export JOBHIVE_TOKEN=$(jobhive token new shop --scope submit --scope read --expires 30d)
    """
    from jobhive.cli.programs.opening import opened_store, person
    from jobhive.core.rate import Rate
    from jobhive.core.token import NewToken, mint

    minted = mint()
    limit = None if rate is None else str(Rate.parse(rate))
    lifetime_ms = None if expires is None else _milliseconds(expires)
    made = NewToken(
        minted.token_id, minted.digest, _named(name), _named(owner or name), _each(scope), limit, lifetime_ms
    )

    async def add() -> None:
        async with opened_store(url, data) as store:
            await store.tokens.add(made, by=person())

    asyncio.run(add())
    if json:
        say_json({"token": minted.text, "id": minted.token_id})
    else:
        say(minted.text)
    note(f"{minted.token_id} is made; its text is shown this once, and the terminal reads it from $JOBHIVE_TOKEN")


@tokens.command()
def ls(json: Json = False, quiet: Quiet = False, url: Url = None, data: Data = None) -> None:
    """List all tokens, oldest first, also those that hold no longer.

    \b
    Example: jobhive token ls
    """
    from jobhive.cli.programs.opening import opened_store
    from jobhive.cli.screen.token_pages import say_tokens

    async def listed() -> None:
        async with opened_store(url, data) as store:
            say_tokens(await store.tokens.list(), store.clock.now_ms(), is_json=json, is_quiet=quiet)

    asyncio.run(listed())


tokens.command("list", hidden=True)(ls)


@tokens.command()
def revoke(
    token_ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of tokens.", show_default=False)],
    url: Url = None,
    data: Data = None,
) -> None:
    """End tokens for good; within a second no server lets them in any more, and their open streams end.

    \b
    Example: jobhive token revoke tok-0123456789abcdef
    """
    from jobhive.cli.programs.opening import opened_store, person

    async def end(token_id: str) -> str:
        async with opened_store(url, data) as store:
            return f"{(await store.tokens.revoke(token_id, by=person())).token_id} is revoked"

    for_each(token_ids, lambda token_id: asyncio.run(end(token_id)))


def _named(name: str) -> str:
    if not (name.isprintable() and 1 <= len(name) <= 100):
        raise CommandError(f"a name has 1 to 100 printable characters, not {name!r:.120}", Exit.USAGE)
    return name


def _each(scopes: Sequence[Scope]) -> tuple[Scope, ...]:
    return tuple(dict.fromkeys(scopes))


def _milliseconds(span: str) -> int:
    parts = _SPAN.fullmatch(span)
    if parts is None:
        raise CommandError(f"--expires is written 90s, 15min, 12h or 30d, not {span!r}", Exit.USAGE)
    return int(parts["count"]) * _UNIT_MS[parts["unit"]]
