"""`jobhive config`: what the programs run with here."""

from typing import Annotated

import typer

from jobhive.cli.commands.options import Fields, Json, Quiet, Template


def config(
    origins: Annotated[bool, typer.Option("--origins", help="Say where each value comes from.")] = False,
    json: Json = False,
    fields: Fields = None,
    template: Template = None,
    quiet: Quiet = False,
) -> None:
    """Show every setting as it is in this folder, without passwords: flag > variable > jobhive.toml > default.

    \b
    Example: jobhive config --origins
    Example: jobhive config --format '{variable}={value}'
    """
    from jobhive.cli.screen.config_page import FIELDS, say_settings
    from jobhive.cli.screen.form import form_of
    from jobhive.settings import explain_settings

    form = form_of(FIELDS, identity="name", json=json, fields=fields, template=template, quiet=quiet)
    say_settings(explain_settings(), form, has_origins=origins)
