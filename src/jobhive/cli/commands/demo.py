"""`jobhive demo`: the product in under a minute, on a folder of its own."""

from typing import Annotated

import typer

from jobhive.cli.commands.options import Model


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the tour instead of staying up.")] = False,
    model: Model = None,
) -> None:
    """Start everything on a fresh folder and show it: live tokens, progress, retries, and a worker killed in mid-job.

    With a postgresql:// URL in $JOBHIVE_URL its jobs go there, and stay.

    \b
    Example: jobhive demo --once
    """
    from jobhive.cli.tour.installation import installed
    from jobhive.cli.tour.showing import show_tour, stay

    with installed("jobhive.cli.tour.jobs:app", model) as running:
        show_tour(running)
        if not once:
            stay(running.api)
