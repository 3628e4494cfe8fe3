"""Asking the person at the terminal before something is lost."""

import sys

from jobhive.cli.exits import CommandError, Exit


def confirm(question: str, *, is_agreed: bool) -> None:
    """Returns when the answer is yes. Raises CommandError where it is not, or where nobody can be asked."""
    if is_agreed:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise CommandError(f"{question} Nobody is here to be asked; say so with --yes", Exit.USAGE)
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise CommandError("not confirmed; nothing was done")
