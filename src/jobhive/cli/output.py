"""What goes where: data to stdout, everything else to stderr; tables for people, plain lines for programs."""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

from jobhive.narration.colour import Colour, has_colour, painted
from jobhive.narration.printable import printable


def is_for_people(stream: TextIO) -> bool:
    """Whether a person reads the stream: a terminal, or whatever $FORCE_COLOR declares one."""
    return stream.isatty() or bool(os.environ.get("FORCE_COLOR"))


def say(text: str, end: str = "\n", colour: Colour | None = None) -> None:
    """Data, at once. On a terminal, what it would obey is escaped."""
    told = printable(text) if sys.stdout.isatty() else text
    sys.stdout.write(painted(told, colour if has_colour(sys.stdout) else None) + end)
    sys.stdout.flush()


def note(text: str) -> None:
    """A line for the person at the terminal. The caller has made foreign text printable."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def as_json_line(value: object) -> str:
    """One JSON document on one line."""
    return json.dumps(value, ensure_ascii=False)


def say_json(value: object) -> None:
    """One JSON document: indented on a terminal, one line otherwise."""
    say(json.dumps(value, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))


def say_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table for people; otherwise one line for each row, tabs between the cells, no heading."""
    if is_for_people(sys.stdout):
        from jobhive.cli.drawing import draw

        draw(columns, rows)
    else:
        for row in rows:
            say("\t".join(_cell(cell) for cell in row))


def say_fields(fields: Mapping[str, str]) -> None:
    """One thing's fields, a line each: name, value."""
    width = max(map(len, fields), default=0) if is_for_people(sys.stdout) else 0
    for name, value in fields.items():
        say(f"{name:<{width}}  {value}" if width else f"{name}\t{_cell(value)}")


def _cell(text: str) -> str:
    return text.replace("\t", " ").replace("\n", " ")
