"""A stream's events as a person watches them: what the job produces on stdout, what it says of itself on stderr."""

import json
import sys

from pydantic import JsonValue

from jobhive.cli.bar import Bar
from jobhive.cli.exits import Exit
from jobhive.cli.follow import Told
from jobhive.cli.output import note, say
from jobhive.narration.colour import Colour, has_colour, painted
from jobhive.narration.printable import printable

_OURS = frozenset({"type", "at"})


def as_text(value: JsonValue) -> str:
    """A text as it is, everything else as JSON on one line."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


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
        values = told.values
        match told.type:
            case "token":
                self._token(str(values.get("t", "")))
            case "item":
                self._produce(values.get("value"))
            case "progress":
                self._progress(values)
            case "end":
                self._end(values)
            case "error":
                self._fail(values)
            case "metrics":
                pass  # for programs
            case _:
                self.tell(f"{told.type:<9} {_remark(values)}")

    def tell(self, text: str) -> None:
        """A line on stderr, on a line of its own."""
        self.rest()
        note(painted(printable(text), Colour.DIM if has_colour(sys.stderr) else None))

    def rest(self) -> None:
        """Leaves the terminal as it should be when nothing follows for a while."""
        self._bar.hide()
        if self._is_in_line:
            say("")
            self._is_in_line = False

    def _token(self, text: str) -> None:
        if text and not self._is_silent:
            self._bar.hide()
            say(text, end="")
            self._is_in_line = not text.endswith("\n")

    def _produce(self, value: JsonValue) -> None:
        self.rest()
        if not self._is_silent:
            say(as_text(value))

    def _progress(self, values: dict[str, JsonValue]) -> None:
        percentage = values.get("percentage")
        if not self._is_in_line:
            known = float(percentage) if isinstance(percentage, int | float) else None
            self._bar.show(known, str(values.get("stage") or ""), str(values.get("message") or ""))

    def _end(self, values: dict[str, JsonValue]) -> None:
        self.rest()
        state = values.get("state", "complete")
        self.exit = Exit.OK if state == "complete" else Exit.JOB_FAILED
        if values.get("result") is not None:
            self._produce(values["result"])
        self.tell(f"{self._job_id} is {state}{_facts(values, without={'state', 'result'})}")

    def _fail(self, values: dict[str, JsonValue]) -> None:
        self.rest()
        self.exit = Exit.JOB_FAILED
        self.tell(f"{self._job_id} failed: {values.get('type')}: {values.get('message')}")


def _remark(values: dict[str, JsonValue]) -> str:
    for name in ("line", "sentence"):
        if name in values:
            return as_text(values[name])
    return _facts(values).strip()


def _facts(values: dict[str, JsonValue], without: frozenset[str] | set[str] = frozenset()) -> str:
    shown = {name: value for name, value in values.items() if name not in _OURS | without}
    return "".join(f" {name}={as_text(value)}" for name, value in shown.items())
