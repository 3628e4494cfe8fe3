"""The command tree, and the environment variable that every option has."""

from collections.abc import Iterator
from typing import NamedTuple

from typer.core import TyperCommand, TyperGroup, TyperOption

from jobhive.settings import Settings, variable

PREFIX = "JOBHIVE"

Command = TyperCommand | TyperGroup


class Variable(NamedTuple):
    """A variable that stands for an option."""

    name: str
    meaning: str  # the command and its option


def commands_of(command: object, path: str = "jobhive") -> Iterator[tuple[str, Command]]:
    """The command and all below it, each with how it is typed; hidden aliases are left out."""
    if isinstance(command, TyperCommand | TyperGroup) and not command.hidden:
        yield path, command
        for name, below in command.commands.items() if isinstance(command, TyperGroup) else ():
            yield from commands_of(below, f"{path} {name}")


def options_of(command: Command) -> Iterator[TyperOption]:
    """Its options, without the help."""
    return (each for each in command.params if isinstance(each, TyperOption))


def variable_of(path: str, option: TyperOption) -> str | None:
    """The variable that stands for the option of the command typed as `path`; None where there is none."""
    if isinstance(option.envvar, str):
        return option.envvar
    if option.allow_from_autoenv:
        return "_".join([PREFIX, *path.upper().split()[1:], str(option.name).upper()])
    return variable(option.name) if option.name in Settings.model_fields else None


def variables_of(root: object) -> list[Variable]:
    """All variables, each with the first option that it stands for."""
    found: dict[str, str] = {}
    for path, command in commands_of(root):
        for option in options_of(command):
            if name := variable_of(path, option):
                found.setdefault(name, f"{path} {option.opts[0]}")
    return [Variable(name, found[name]) for name in sorted(found)]
