"""`jobhive job watch`: jobs looked at every so often until they have ended."""

import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import typer
from rich.console import Console
from rich.live import Live

from jobhive.cli.drawing import table
from jobhive.cli.exits import Exit
from jobhive.cli.output import note, say
from jobhive.cli.screen.template import as_text
from jobhive.cli.screen.watch import PATIENCE_SECONDS
from jobhive.cli.server.http import Api, Unreachable
from jobhive.cli.server.job_calls import ending, get_job
from jobhive.cli.server.views import JobView, span
from jobhive.core.states import State

_COLUMNS = ("ID", "KIND", "STATE", "TRY", "TOOK", "TELLS")
_BAR_WIDTH = 20

Show = Callable[[Sequence[JobView]], None]


def monitor(api: Api, job_ids: Sequence[str], interval: float) -> Exit:
    """Shows the jobs until all have ended; JOB_FAILED if one did not complete. Ctrl-C: raises typer.Exit(130)."""
    jobs: Sequence[JobView] = ()
    try:
        with _screen() as show:
            for jobs in _looks(api, job_ids, interval):
                show(jobs)
    except KeyboardInterrupt:
        note(f"detached; the jobs go on. Resume: jobhive job watch {' '.join(job_ids)}")
        raise typer.Exit(Exit.INTERRUPTED) from None
    return Exit.OK if all(job.state is State.COMPLETE for job in jobs) else Exit.JOB_FAILED


def _looks(api: Api, job_ids: Sequence[str], interval: float) -> Iterator[list[JobView]]:
    seen_at: float | None = None  # monotonic; of the newest answer
    while True:
        try:
            jobs = [get_job(api, job_id) for job_id in job_ids]
        except Unreachable:
            if seen_at is None or time.monotonic() - seen_at > PATIENCE_SECONDS:
                raise
        else:
            seen_at = time.monotonic()
            yield jobs
            if all(job.state.is_final for job in jobs):
                return
        time.sleep(interval)


@contextmanager
def _screen() -> Generator[Show]:
    if not sys.stdout.isatty():
        yield _Lines().show
        return
    console = Console(file=sys.stdout)
    with Live(console=console, auto_refresh=False) as live:
        yield lambda jobs: live.update(table(_COLUMNS, map(_row, jobs), console), refresh=True)


class _Lines:
    """For programs: one line for each job that changed."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def show(self, jobs: Sequence[JobView]) -> None:
        """Says what is new."""
        for job in jobs:
            told = (job.id, job.state, f"attempt {job.attempt}", told_by(job))
            line = " ".join(filter(None, told)).replace("\n", " ")
            if self._said.get(job.id) != line:
                self._said[job.id] = line
                say(line)


def _row(job: JobView) -> Sequence[str]:
    return job.id, job.kind, job.state, str(job.attempt), _time(job), f"{_bar(job)}{told_by(job)}"


def _time(job: JobView) -> str:
    if job.started_at is None:
        return "-"
    return span((job.finished_at or datetime.now(UTC)) - job.started_at)


def told_by(job: JobView) -> str:
    """What a job says of itself: its progress, or why it has no result."""
    if job.state in {State.FAILED, State.CANCELLED}:
        return ending(job)
    match job.progress:
        case {"stage": str(stage), **rest}:
            percentage = rest.get("percentage")
            share = f"{percentage:.0f} %" if isinstance(percentage, int | float) else None
            return " ".join(filter(None, [share, stage, str(rest.get("message") or "")]))
        case None:
            return ""
        case told:
            return as_text(told)


def _bar(job: JobView) -> str:
    percentage = job.progress.get("percentage") if isinstance(job.progress, dict) else None
    if job.state.is_final or not isinstance(percentage, int | float):
        return ""
    done = round(min(max(percentage, 0), 100) / 100 * _BAR_WIDTH)
    return f"{'━' * done}{'╌' * (_BAR_WIDTH - done)} "
