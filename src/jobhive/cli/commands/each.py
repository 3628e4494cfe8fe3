"""One act on several ids: a failure does not keep it from the others."""

from collections.abc import Callable, Sequence

import typer

from jobhive.cli.exits import CommandError, Exit, report
from jobhive.cli.output import note
from jobhive.core.errors import JobhiveError


def for_each(ids: Sequence[str], act: Callable[[str], str]) -> None:
    """Notes what each act says. Afterwards exits with the code of the first that failed, if any did."""
    codes: list[int] = []
    for each in ids:
        try:
            note(act(each))
        except (CommandError, JobhiveError) as error:
            codes.append(report(error, is_debug=False))
            if codes[-1] == Exit.UNREACHABLE:
                break
    if codes:
        raise typer.Exit(codes[0])
