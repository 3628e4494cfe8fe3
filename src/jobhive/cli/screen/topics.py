"""The topics of `jobhive docs`. What the code knows is told from the code."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib.resources import files

from pydantic import BaseModel

from jobhive.cli.exits import MEANINGS, CommandError, Exit
from jobhive.cli.output import say, say_table
from jobhive.cli.screen.environment import variables_of
from jobhive.cli.server.views import JobView, QueueView, WorkerView
from jobhive.core.states import LEGAL_MOVES, State
from jobhive.settings import Settings, variable

_NOUNS: Mapping[str, type[BaseModel]] = {"job": JobView, "queue": QueueView, "worker active": WorkerView}


def say_topics() -> None:
    """What there is to read."""
    say_table(("TOPIC", "MEANING"), [(name, meaning) for name, (meaning, _) in TOPICS.items()])


def say_topic(name: str, root: object) -> None:
    """One topic. Raises CommandError where there is none of that name."""
    if name not in TOPICS:
        meant = "".join(f"; did you mean {near}?" for near in get_close_matches(name, TOPICS, 1))
        raise CommandError(f"there is no topic {name!r}; there are {', '.join(TOPICS)}{meant}", Exit.NOT_FOUND)
    _, tell = TOPICS[name]
    tell(root)


def _exit_codes(_: object) -> None:
    say_table(("CODE", "MEANING"), [(str(code.value), meaning) for code, meaning in MEANINGS.items()])


def _settings(_: object) -> None:
    fields = Settings.model_fields.items()
    say_table(
        ("SETTING", "VARIABLE", "MEANING"), [(name, variable(name), str(field.description)) for name, field in fields]
    )
    _say_text("settings")


def _environment(root: object) -> None:
    say_table(("VARIABLE", "MEANING"), [(each.name, each.meaning) for each in variables_of(root)])
    _say_text("environment")


def _output(_: object) -> None:
    _say_text("output")
    say("")
    for noun, view in _NOUNS.items():
        say(f"{noun}: {', '.join(view.model_fields)}")


def _jobs(_: object) -> None:
    _say_text("jobs")
    say("")
    say_table(("STATE", "MAY BECOME"), [(state.value, ", ".join(_next(state)) or "-") for state in State])


def _next(state: State) -> list[str]:
    return [after for before, after in sorted(LEGAL_MOVES) if before is state and after is not state]


def _streams(_: object) -> None:
    _say_text("streams")


def _say_text(name: str) -> None:
    say(files("jobhive.cli.screen").joinpath("texts", f"{name}.txt").read_text(encoding="utf-8").rstrip("\n"))


TOPICS: Mapping[str, tuple[str, Callable[[object], None]]] = {
    "exit-codes": ("what a script learns from the exit code", _exit_codes),
    "settings": ("what the programs run with, and where it is said", _settings),
    "environment": ("every variable that steers a command", _environment),
    "output": ("tables, JSON, templates and ids; what goes to stdout", _output),
    "jobs": ("the states of a job and the moves between them", _jobs),
    "streams": ("the events that a job tells, and how to resume", _streams),
}
