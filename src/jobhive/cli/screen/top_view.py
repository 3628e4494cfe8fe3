"""`jobhive top`: one screen, drawn anew with every look."""

import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from jobhive.cli.drawing import table
from jobhive.cli.output import as_json_line, say
from jobhive.cli.screen.keys import keys_heard
from jobhive.cli.screen.monitor import told_by
from jobhive.cli.screen.queue_pages import QUEUE_COLUMNS, queue_row
from jobhive.cli.screen.watch import PATIENCE_SECONDS
from jobhive.cli.screen.worker_pages import WORKER_COLUMNS, worker_row
from jobhive.cli.server.http import Api, JsonObject, Unreachable
from jobhive.cli.server.overview import Overview, Watcher
from jobhive.cli.server.views import JobView, read_as, since

_JOB_COLUMNS = ("RUNNING JOB", "KIND", "QUEUE", "TRY", "FOR", "TELLS")
_LINES_AROUND = 11  # of the screen: figures, headings, empty lines

Show = Callable[[JsonObject], None]


def show_top(api: Api, interval: float, *, is_once: bool, is_json: bool) -> None:
    """Shows look after look until `q` is pressed, or one. A server that goes away is waited for."""
    watcher = Watcher(api)
    is_live = sys.stdout.isatty() and not (is_once or is_json)
    with _screen() if is_live else _lines(is_json=is_json) as show, keys_heard() as wait:
        show(watcher.look())
        seen_at = time.monotonic()
        while not is_once and wait(interval) not in {"q", "Q"}:
            try:
                show(watcher.look())
            except Unreachable:
                if time.monotonic() - seen_at > PATIENCE_SECONDS:
                    raise
            else:
                seen_at = time.monotonic()


@contextmanager
def _screen() -> Generator[Show]:
    console = Console(file=sys.stdout)
    with Live(console=console, screen=True, auto_refresh=False) as live:
        yield lambda answer: live.update(
            Group(_page(read_as(Overview, answer), console), "", Text("q ends", style="dim")), refresh=True
        )


@contextmanager
def _lines(*, is_json: bool) -> Generator[Show]:
    console = Console(file=sys.stdout)

    def show(answer: JsonObject) -> None:
        if is_json:
            say(as_json_line(answer))
        else:
            console.print(_page(read_as(Overview, answer), console))

    yield show


def _page(overview: Overview, console: Console) -> Group:
    queues = [queue_row(queue) for queue in overview.queues]
    workers = [worker_row(worker) for worker in overview.workers]
    room = max(console.height - _LINES_AROUND - len(queues) - len(workers), 1)
    jobs = [_job_row(job) for job in overview.running[:room]]
    listed = ((QUEUE_COLUMNS, queues), (WORKER_COLUMNS, workers), (_JOB_COLUMNS, jobs))
    parts: list[RenderableType] = [_figures(overview)]
    for columns, rows in listed:
        if rows:
            parts += ["", table(columns, rows, console)]
    return Group(*parts)


def _figures(overview: Overview) -> Text:
    counts = ", ".join(f"{count:,} {state}" for state, count in overview.jobs.items() if count) or "no jobs"
    clock = f"{overview.at.astimezone():%H:%M:%S}"
    busy, slots = sum(each.running for each in overview.workers), sum(each.slots for each in overview.workers)
    return Text(
        f"{overview.server} at {clock}\n{counts}\n"
        f"workers: {len(overview.workers)}, {busy} of {slots} slots busy, "
        f"{_rate(overview.completed_per_s)} completed, {_rate(overview.errors_per_s)} errors"
    )


def _rate(per_second: float | None) -> str:
    return "-/s" if per_second is None else f"{per_second:,.1f}/s"


def _job_row(job: JobView) -> Sequence[str]:
    spent = "-" if job.started_at is None else since(job.started_at)
    return job.id, job.kind, job.queue, str(job.attempt), spent, told_by(job)
