"""Following a job to its end, or until the person at the terminal has seen enough."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager

import typer

from jobhive.cli.exits import Exit
from jobhive.cli.output import note, say
from jobhive.cli.screen.viewer import Viewer, verdict
from jobhive.cli.server.follow import Follower, Told
from jobhive.cli.server.http import Api, job_path
from jobhive.cli.server.job_calls import get_job
from jobhive.core.states import State

PATIENCE_SECONDS = 60.0  # how long to look for a server that went away in mid-stream


def watch(api: Api, job_id: str, after: int = 0, *, is_silent: bool = False) -> Exit:
    """Shows the job's events until the last; returns OK or JOB_FAILED. Ctrl-C detaches: raises typer.Exit(130)."""
    viewer = Viewer(job_id, is_silent=is_silent)
    follower = Follower(api, job_path(job_id, "/stream"), after, PATIENCE_SECONDS, viewer.tell)
    with detachable(job_id, follower, viewer.rest):
        for told in follower:
            viewer.show(told)
    return exit_of(api, job_id) if viewer.exit is None else viewer.exit


def exit_of(api: Api, job_id: str) -> Exit:
    """How a job ended, where the stream was left before it could say so."""
    return Exit.OK if get_job(api, job_id).state is State.COMPLETE else Exit.JOB_FAILED


@contextmanager
def detachable(job_id: str, follower: Follower, rest: Callable[[], None]) -> Generator[None]:
    """Ctrl-C leaves the job alone and says how to come back."""
    try:
        yield
    except KeyboardInterrupt:
        rest()
        note(f"detached; {job_id} goes on. Resume: jobhive stream {job_id} --after {follower.last}")
        note(f"Stop it: jobhive job cancel {job_id}")
        raise typer.Exit(Exit.INTERRUPTED) from None
    finally:
        rest()


def copy(api: Api, job_id: str, after: int, *, is_raw: bool) -> Exit:
    """Prints the events as they came: as SSE frames, or as lines of JSON with their number. Otherwise as `watch`."""
    follower = Follower(api, job_path(job_id, "/stream"), after, PATIENCE_SECONDS, note)
    told: Told | None = None
    with detachable(job_id, follower, lambda: None):
        for told in follower:
            say(_frame(told) if is_raw else _line(told))
    if is_raw:
        say("data: [DONE]\n")
    return exit_of(api, job_id) if told is None else verdict(told)


def _frame(told: Told) -> str:
    return f"id: {told.seq}\ndata: {told.text}\n"


def _line(told: Told) -> str:
    return json.dumps({"seq": told.seq, **told.values}, ensure_ascii=False)
