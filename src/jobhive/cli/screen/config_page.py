"""Settings as the terminal shows them."""

from collections.abc import Sequence

from jobhive.cli.output import say_table
from jobhive.cli.screen.form import Form
from jobhive.cli.screen.template import as_cell
from jobhive.cli.server.http import JsonObject
from jobhive.settings import Origin, variable

FIELDS = ("name", "value", "origin", "variable", "meaning")


def say_settings(settings: Sequence[Origin], form: Form, *, has_origins: bool) -> None:
    """A row for each."""
    form.say_all([_answer(each) for each in settings], lambda: _say_table(settings, has_origins=has_origins))


def _answer(setting: Origin) -> JsonObject:
    return {**setting._asdict(), "variable": variable(setting.name)}


def _say_table(settings: Sequence[Origin], *, has_origins: bool) -> None:
    columns = ("SETTING", "VALUE", "FROM") if has_origins else ("SETTING", "VALUE")
    say_table(columns, [(each.name, as_cell(each.value) or "-", each.origin)[: len(columns)] for each in settings])
