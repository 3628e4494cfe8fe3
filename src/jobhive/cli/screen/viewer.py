"""A stream's events as a person watches them: what the job produces on stdout, what it says of itself on stderr."""

import sys
from collections.abc import Set

from pydantic import JsonValue

from jobhive.cli.exits import Exit
from jobhive.cli.output import note, say
from jobhive.cli.screen.bar import Bar
from jobhive.cli.screen.template import as_text
from jobhive.cli.server.follow import Told
from jobhive.core import event
from jobhive.core.states import State
from jobhive.narration.colour import Colour, has_colour, painted
from jobhive.narration.printable import printable

_OURS = frozenset({"type", "at"})


class Viewer:
    """Shows events one after the other; `exit` is set by the last."""

    def __init__(self, job_id: str, *, is_silent: bool = False) -> None:
        self.exit: Exit | None = None
        self._job_id = job_id
        self._is_silent = is_silent  # stdout is kept for one JSON document
        self._bar = Bar()
        self._is_in_line = False  # the newest token did not end its line

    def show(self, told: Told) -> None:
        """Shows one event."""
        match told.type:
            case "token":
                self._token(str(told.values.get("t", "")))
            case "item":
                self._produce(told.values.get("value"))
            case "progress":
                self._progress(told.values)
            case event.END | event.ERROR:
                self.exit = verdict(told)
                self._break_line()
                self._end(told)
            case "metrics":
                pass  # for programs
            case event.ATTEMPT:
                self._break_line()
                self.tell(remark(told), Colour.YELLOW)
            case _:
                self.tell(remark(told))

    def tell(self, text: str, colour: Colour = Colour.DIM) -> None:
        """A line on stderr, on a line of its own."""
        self.rest()
        note(painted(printable(text), colour if has_colour(sys.stderr) else None))

    def rest(self) -> None:
        """Leaves the terminal as it should be when nothing follows for a while. In a pipe, tokens stay one text."""
        self._bar.hide()
        if sys.stdout.isatty():
            self._break_line()

    def _break_line(self) -> None:
        if self._is_in_line:
            say("")
            self._is_in_line = False

    def _token(self, text: str) -> None:
        if text and not self._is_silent:
            self._bar.hide()
            say(text, end="")
            self._is_in_line = not text.endswith("\n")

    def _produce(self, value: JsonValue) -> None:
        self._bar.hide()
        self._break_line()
        if not self._is_silent:
            say(as_text(value))

    def _progress(self, values: dict[str, JsonValue]) -> None:
        percentage = values.get("percentage")
        if not self._is_in_line:
            known = float(percentage) if isinstance(percentage, int | float) else None
            self._bar.show(known, str(values.get("stage") or ""), str(values.get("message") or ""))

    def _end(self, told: Told) -> None:
        values = told.values
        if told.type == event.ERROR:
            self.tell(f"{self._job_id} failed: {values.get('code')}: {values.get('message')}", Colour.RED)
            return
        if values.get("result") is not None:
            self._produce(values["result"])
        self.tell(f"{self._job_id} is {values.get('state')}{_facts(values, without={'state', 'result'})}")


def verdict(last: Told) -> Exit:
    """What the last event of a stream makes of the command."""
    return Exit.OK if last.type == event.END and last.values.get("state") == State.COMPLETE else Exit.JOB_FAILED


def remark(told: Told) -> str:
    """An event in words: its type, and what matters of it to a person."""
    values = told.values
    match told.type:
        case event.STARTED:
            said = _facts(values, without={"job_id", "started_at"})
        case event.ATTEMPT:
            said = f"{values.get('n')} follows ({_why(values)}); what came before is void"
        case "log":
            said = str(values.get("line"))
        case "narration":
            said = str(values.get("sentence"))
        case _:
            said = _facts(values)
    return f"{told.type:<9} {said.strip()}".rstrip()


def _why(values: dict[str, JsonValue]) -> str:
    match values:
        case {"error": {"type": "WorkerLost", "message": str(message)}}:
            return message  # it says all that the reason does
        case {"reason": reason, "error": {"type": type_, "message": message}}:
            return f"{reason} after {type_}: {message}"
        case _:
            return str(values.get("reason"))


def _facts(values: dict[str, JsonValue], without: Set[str] = frozenset()) -> str:
    shown = {name: value for name, value in values.items() if name not in _OURS | without}
    return "".join(f" {name}={as_text(value)}" for name, value in shown.items())
