"""How far a job is, on stderr: a bar for people, a line for each step otherwise."""

import sys

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn

from jobhive.cli.output import note
from jobhive.narration.printable import printable


class Bar:
    """Shown from the first `show` to `hide`, which every other line on the terminal needs before it."""

    def __init__(self) -> None:
        self._console = Console(file=sys.stderr)
        self._shown: tuple[Progress, TaskID] | None = None  # None while hidden

    def show(self, percentage: float | None, stage: str, message: str) -> None:
        """Puts the bar there; without a percentage it only moves."""
        text = printable(": ".join(filter(None, [stage, message])).replace("\n", " "))
        if not sys.stderr.isatty():
            note(f"progress {'' if percentage is None else f'{percentage:.0f} % '}{text}")
            return
        self._shown = self._shown or self._placed()
        progress, task = self._shown
        progress.update(task, total=None if percentage is None else 100, completed=percentage or 0, text=text)
        progress.start()  # draws; further calls do nothing
        progress.refresh()

    def hide(self) -> None:
        """Takes the bar away; its line is free again."""
        if self._shown is not None:
            self._shown[0].stop()
            self._shown = None

    def _placed(self) -> tuple[Progress, TaskID]:
        columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[text]}", markup=False))
        progress = Progress(*columns, console=self._console, transient=True, auto_refresh=False)
        return progress, progress.add_task("", text="")
