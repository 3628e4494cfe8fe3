"""`jobhive job logs`: what was told, and then what is told."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import typer

from jobhive.cli.exits import Exit
from jobhive.cli.output import note
from jobhive.cli.screen.logs import Line, LogPrinter
from jobhive.cli.screen.watch import PATIENCE_SECONDS
from jobhive.cli.server.follow import Follower
from jobhive.cli.server.http import Api, job_path
from jobhive.cli.server.together import follow_together


class Place(NamedTuple):
    """Where the reading begins and whether it goes on."""

    after: int
    tail: int | None  # of what was told; None = all
    is_following: bool


def read_logs(api: Api, job_ids: Sequence[str], place: Place, printer: LogPrinter) -> None:
    """Prints the logs of the jobs. Ctrl-C leaves the jobs alone and says how to go on: raises typer.Exit(130)."""
    followers = {
        each: Follower(api, _path(each, "?follow=false"), place.after, PATIENCE_SECONDS, note) for each in job_ids
    }
    with _resumable(lambda: {each: follower.last for each, follower in followers.items()}):
        count = printer.show_past(dict(followers), place.tail)
        if not place.is_following:
            _remark_on_silence(count)
            return
        for each in job_ids:
            followers[each] = Follower(api, _path(each), followers[each].last, PATIENCE_SECONDS, note)
        for job_id, told in follow_together(followers):
            printer.show(Line(job_id, told))


def _path(job_id: str, query: str = "") -> str:
    return job_path(job_id, f"/stream{query}")


def _remark_on_silence(count: int) -> None:
    if count == 0:
        note("no log lines match; `jobhive stream ID` shows everything that a job tells")


@contextmanager
def _resumable(places: Callable[[], dict[str, int]]) -> Generator[None]:
    try:
        yield
    except KeyboardInterrupt:
        for job_id, last in places().items():
            note(f"detached; {job_id} goes on. Resume: jobhive job logs {job_id} --follow --after {last}")
        raise typer.Exit(Exit.INTERRUPTED) from None
