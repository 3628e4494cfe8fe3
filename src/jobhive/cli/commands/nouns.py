"""What the program, or one of its nouns, says where no verb follows."""

import typer

from jobhive.cli.output import say


def help_if_alone(context: typer.Context) -> None:
    """Prints the help and ends with success; returns where a verb follows."""
    if context.invoked_subcommand is None:
        say(context.get_help())
        raise typer.Exit
