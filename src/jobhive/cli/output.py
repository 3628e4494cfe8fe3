"""What goes where: data to stdout, everything else to stderr; tables for people, plain lines for programs."""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

from jobhive.narration.colour import Colour, has_colour, painted
from jobhive.narration.printable import printable

STYLES = {
    "complete": "green",
    "failed": "red",
    "cancelled": "yellow",
    "running": "cyan",
    "busy": "cyan",
    "paused": "yellow",
    "OK": "green",
    "FAIL": "red",
}
_WIDE = 100  # columns of a terminal
_FOLDED = frozenset({"KIND", "QUEUE", "QUEUES", "LIMITS", "ERROR", "FOUND", "VALUE", "MEANING"})


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


def say_json(value: object) -> None:
    """One JSON document: indented on a terminal, one line otherwise."""
    say(json.dumps(value, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))


def say_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table for people; otherwise one line for each row, tabs between the cells, no heading."""
    if is_for_people(sys.stdout):
        _draw(columns, rows)
    else:
        for row in rows:
            say("\t".join(_cell(cell) for cell in row))


def say_fields(fields: Mapping[str, str]) -> None:
    """One thing's fields, a line each: name, value."""
    width = max(map(len, fields), default=0) if is_for_people(sys.stdout) else 0
    for name, value in fields.items():
        say(f"{name:<{width}}  {value}" if width else f"{name}\t{_cell(value)}")


def _draw(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=sys.stdout)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1 if console.width < _WIDE else 2, 0, 0))
    for name in columns:
        table.add_column(name, no_wrap=name not in _FOLDED, overflow="fold")
    for row in rows:
        table.add_row(*[Text(printable(cell), style=STYLES.get(cell, "")) for cell in row])
    console.print(table)


def _cell(text: str) -> str:
    return text.replace("\t", " ").replace("\n", " ")
