"""Log lines and narration of one or several streams, in the order of time."""

import heapq
import re
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from jobhive.cli.exits import CommandError, Exit
from jobhive.cli.output import note, say
from jobhive.cli.screen.viewer import remark
from jobhive.cli.server.follow import Told
from jobhive.core import event
from jobhive.narration.colour import Colour, has_colour, painted
from jobhive.narration.printable import printable

_SHORT = 8  # characters of an id's end, which is random: enough to tell a few jobs apart
_COLOURS = (Colour.CYAN, Colour.GREEN, Colour.YELLOW, Colour.RED)
_LINES = {"log": "line", "narration": "sentence"}  # type of event → the value that holds the text
_REMARKS = frozenset({event.ATTEMPT, event.ERROR})


class Line(NamedTuple):
    """An event of one of the jobs."""

    job_id: str
    told: Told

    @property
    def at(self) -> datetime:
        """When it was told."""
        return datetime.fromisoformat(str(self.told.values["at"]))

    @property
    def text(self) -> str | None:
        """What it says, where it is a line of log or narration."""
        name = _LINES.get(self.told.type)
        return None if name is None else str(self.told.values.get(name))


class Wanted(NamedTuple):
    """Which lines to show; None = all."""

    since: datetime | None
    until: datetime | None
    pattern: re.Pattern[str] | None

    def admits(self, line: Line) -> bool:
        """Whether the line is among them."""
        return (
            (self.since is None or line.at >= self.since)
            and (self.until is None or line.at <= self.until)
            and (self.pattern is None or bool(self.pattern.search(line.text or "")))
        )


def read_pattern(text: str | None) -> re.Pattern[str] | None:
    """A regular expression. Raises CommandError."""
    try:
        return None if text is None else re.compile(text)
    except re.error as error:
        raise CommandError(f"--grep {text!r} is no regular expression: {error}", Exit.USAGE) from None


class LogPrinter:
    """Prints lines to stdout and remarks to stderr."""

    def __init__(self, job_ids: Sequence[str], wanted: Wanted, *, has_times: bool) -> None:
        self._wanted = wanted
        self._has_times = has_times
        self._colours = {job_id: _COLOURS[index % len(_COLOURS)] for index, job_id in enumerate(job_ids)}

    def show_past(self, streams: Mapping[str, Iterable[Told]], tail: int | None) -> int:
        """Shows what the streams tell until they end, the last `tail` lines of it; returns how many were shown."""
        merged = heapq.merge(*(_lines(job_id, told) for job_id, told in streams.items()), key=lambda line: line.at)
        if tail is None:
            return sum(map(self.show, merged))
        kept = deque((line for line in merged if self._is_line(line)), maxlen=tail)
        return sum(map(self.show, kept))

    def show(self, line: Line) -> bool:
        """Shows a line that is wanted, or what matters beside the lines; returns whether it was a line."""
        if line.told.type in _REMARKS:
            self._remark(line)
        if is_shown := self._is_line(line):
            self._print(line)
        return is_shown

    def _is_line(self, line: Line) -> bool:
        return line.text is not None and self._wanted.admits(line)

    def _print(self, line: Line) -> None:
        if len(self._colours) > 1:
            say(f"{self._name(line.job_id)} ", end="", colour=self._colours[line.job_id])
        if self._has_times:
            say(f"{line.at.astimezone().isoformat(timespec='milliseconds')} ", end="", colour=Colour.DIM)
        say(line.text or "")

    def _remark(self, line: Line) -> None:
        named = f"{self._name(line.job_id)} " if len(self._colours) > 1 else ""
        note(painted(printable(f"{named}{remark(line.told)}"), Colour.DIM if has_colour(sys.stderr) else None))

    def _name(self, job_id: str) -> str:
        return job_id[-_SHORT:] if sys.stdout.isatty() else job_id


def _lines(job_id: str, stream: Iterable[Told]) -> Iterator[Line]:
    return (Line(job_id, told) for told in stream)
