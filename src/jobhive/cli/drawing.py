"""Tables for people. Loaded where one is drawn: Rich is slow to load."""

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from jobhive.narration.printable import printable

_STYLES = {
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
_FOLDED = frozenset({"KIND", "QUEUE", "QUEUES", "LIMITS", "ERROR", "FOUND", "TELLS", "VALUE", "MEANING"})


def draw(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a table."""
    console = Console(file=sys.stdout)
    console.print(table(columns, rows, console))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], console: Console) -> Table:
    """A table that fits the console: names that may be long are folded, nothing is left out."""
    gap = 1 if console.width < _WIDE else 2
    drawn = Table(box=None, pad_edge=False, header_style="bold", padding=(0, gap, 0, 0))
    for name in columns:
        drawn.add_column(name, no_wrap=name not in _FOLDED, overflow="fold")
    for row in rows:
        drawn.add_row(*[Text(printable(cell), style=_STYLES.get(cell, "")) for cell in row])
    return drawn
