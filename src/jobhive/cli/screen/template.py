"""Templates of `--format`: text with names of fields in braces. Nothing in them is evaluated."""

import json
from collections.abc import Collection, Mapping
from string import Formatter
from typing import NamedTuple

from pydantic import JsonValue

from jobhive.cli.exits import CommandError, Exit

_ESCAPES = {r"\t": "\t", r"\n": "\n"}  # shells hand them over as two characters


class Template(NamedTuple):
    """A template that was read: literal text, each followed by a field's path or by nothing."""

    parts: tuple[tuple[str, str | None], ...]

    def fill(self, answer: Mapping[str, JsonValue]) -> str:
        """The text for one answer; what it does not have is empty."""
        return "".join(
            f"{literal}{'' if path is None else as_cell(value_at(answer, path))}" for literal, path in self.parts
        )


def read_template(text: str, known: Collection[str]) -> Template:
    """`{id} is {state}`, `{error.type}`; `{{` is a brace. Raises CommandError."""
    for typed, meant in _ESCAPES.items():
        text = text.replace(typed, meant)
    try:
        parsed = list(Formatter().parse(text))
    except ValueError as error:
        raise CommandError(f"--format {text!r} is no template ({error}); write {{{{ for a brace", Exit.USAGE) from None
    for _, path, specification, conversion in parsed:
        if specification or conversion:
            message = f"--format takes names of fields only: write {{{path}}}, without what follows the name"
            raise CommandError(message, Exit.USAGE)
    check_paths([path for _, path, _, _ in parsed if path is not None], known)
    return Template(tuple((literal, path) for literal, path, _, _ in parsed))


def check_paths(paths: Collection[str], known: Collection[str]) -> None:
    """Raises CommandError for a path whose field there is not."""
    for path in paths:
        if path.partition(".")[0] not in known:
            raise CommandError(f"there is no field {path!r}; there are {', '.join(known)}", Exit.USAGE)


def value_at(answer: Mapping[str, JsonValue], path: str) -> JsonValue:
    """What the answer has under the dotted path; None where it has nothing."""
    value: JsonValue = dict(answer)
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def as_text(value: JsonValue) -> str:
    """A text as it is, everything else as JSON on one line."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def as_cell(value: JsonValue) -> str:
    """The same, with nothing for what is not there."""
    return "" if value is None else as_text(value)
