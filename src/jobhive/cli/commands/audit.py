"""`jobhive audit`: who did what, and whether the log of it is as it was written. Works on the store itself."""

import asyncio
import json as json_text
from typing import Annotated

import typer

from jobhive.cli.commands.nouns import help_if_alone
from jobhive.cli.commands.options import Data, Url
from jobhive.cli.exits import CommandError
from jobhive.cli.output import say
from jobhive.core.audit import AuditEntry

audits = typer.Typer(invoke_without_command=True)

_LOOK_EVERY_SECONDS = 1.0
_PAGE = 1_000


@audits.callback()
def audit(context: typer.Context) -> None:
    """See who did what to what, and check that nobody changed the log."""
    help_if_alone(context)


@audits.command()
def tail(
    number: Annotated[int, typer.Option("-n", min=0, help="Begin with so many of the newest entries.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    url: Url = None,
    data: Data = None,
) -> None:
    """Show the newest entries, oldest first.

    \b
    Example: jobhive audit tail -n 100 --json
    """
    asyncio.run(_tail(number, url, data, is_following=follow, is_json=json))


@audits.command()
def verify(url: Url = None, data: Data = None) -> None:
    """Check the whole log; exit code 1, and the first bad entry, where one was changed, added, moved or taken away.

    What was written after the last checkpoint, about a second, can be cut off without a trace.

    \b
    Example: jobhive audit verify
    """
    say(asyncio.run(_verified(url, data)))


async def _tail(number: int, url: Url, data: Data, *, is_following: bool, is_json: bool) -> None:
    from jobhive.cli.programs.opening import opened_store
    from jobhive.store.signals import AUDIT

    async with opened_store(url, data) as store:
        with store.signals.listen(AUDIT) as wake:
            shown = _say_all(await store.audit.newest(max(number, 1)), number, is_json=is_json)
            while is_following:
                for entry in await store.audit.read(shown, _PAGE):
                    say(_line(entry, is_json=is_json))
                    shown = entry.number
                await wake.wait(_LOOK_EVERY_SECONDS)


def _say_all(newest: list[AuditEntry], number: int, *, is_json: bool) -> int:
    """Says so many of them; the number of the last."""
    for entry in newest[:number]:
        say(_line(entry, is_json=is_json))
    return newest[-1].number if newest else 0


async def _verified(url: Url, data: Data) -> str:
    from jobhive.cli.programs.opening import opened_store
    from jobhive.upkeep.verify import verify as verify_log

    async with opened_store(url, data) as store:
        found = await verify_log(store)
    if found.flaw:
        raise CommandError(f"audit entry {found.flaw.number} is not as it was written: {found.flaw.reason}")
    told = f"{found.sealed} entries are as they were written, signed up to number {found.signed_to or 0}"
    waiting = f"; {found.unsealed} newer ones are not chained yet" if found.unsealed else ""
    return f"{told}{waiting}. What was cut off behind the last signature cannot be seen."


def _line(entry: AuditEntry, *, is_json: bool) -> str:
    from jobhive.core.clock import from_ms

    at = from_ms(entry.at_ms)
    if is_json:
        told = entry._asdict() | {"at": at.isoformat(), "detail": _detail(entry.detail)}
        return json_text.dumps(told, ensure_ascii=False)
    cells = (str(entry.number), f"{at:%Y-%m-%d %H:%M:%S}", entry.actor, entry.act, entry.target, entry.detail)
    return "  ".join(cell.replace("\n", " ") for cell in cells)


def _detail(text: str) -> object:
    try:
        detail: object = json_text.loads(text)
    except ValueError:
        return text  # somebody changed it: shown as it is, and `verify` says so
    return detail
