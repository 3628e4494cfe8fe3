"""Asking the person at the terminal before something is lost."""

import sys

import typer

from jobhive.cli.exits import CommandError, Exit


def confirm(question: str, *, is_agreed: bool) -> None:
    """Returns when the answer is yes. Raises CommandError where it is not, or where nobody can be asked."""
    if is_agreed:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise CommandError("this deletes for good and nobody is here to be asked; say so with --yes", Exit.USAGE)
    if not typer.confirm(question, err=True):
        raise CommandError("not confirmed; nothing was done")
