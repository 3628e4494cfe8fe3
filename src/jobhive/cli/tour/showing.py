"""What `jobhive demo` shows, step by step, through the same HTTP API that anybody would use."""

import os
import signal
import sys
from collections.abc import Callable

from pydantic import JsonValue

from jobhive.cli.exits import CommandError, Exit
from jobhive.cli.output import note
from jobhive.cli.screen.viewer import Viewer
from jobhive.cli.server.follow import Follower
from jobhive.cli.server.http import Api, job_path
from jobhive.cli.server.job_calls import create_job
from jobhive.cli.tour.installation import DEFAULT_QUEUE, Installed
from jobhive.narration.colour import Colour, has_colour, painted

_PROMPT = "The capital of France is"
_PATIENCE_SECONDS = 30.0
_FATAL_ITEM = 3  # after which the worker is killed


def show_tour(running: Installed) -> None:
    """All steps in order. Raises CommandError where one does not go as it must."""
    api = running.api
    _generation(api)
    _step("A job with progress", "app.job: async def thumbnails(ctx: Context, images: int) -> int")
    _run(api, "thumbnails", {"images": 30})
    _step("A job that fails twice and is tried again", "backoff in the store, never a sleep in a worker")
    _run(api, "sync_inventory", {"warehouse": "north"})
    _step(
        "A worker killed in mid-job", f"SIGKILL after number {_FATAL_ITEM}; the job is taken up and finishes by itself"
    )
    _run(api, "count", {"n": 6}, on_item=_killer(running))
    note("")
    sentence = f"All of it durable in {running.store}; every stream above can be resumed at any event."
    note(painted(sentence, _colour()))


def stay(api: Api) -> None:
    """Leaves everything running and says what to try, until Ctrl-C."""
    note(f"""
Still up at {api.server}. Try, in another terminal:
  export JOBHIVE_SERVER={api.server}
  jobhive run generate -a prompt='Once upon a time' -a max_tokens=60
  jobhive run count -a n=20        # press Ctrl-C, then resume as it says
  jobhive job ls
  curl -s {api.server}/v1/inference -H 'content-type: application/json' -d '{{"prompt": "Bees are"}}'
Ctrl-C here stops everything and removes the folder.""")
    try:
        signal.pause()
    except KeyboardInterrupt:
        note("stopping")


def _generation(api: Api) -> None:
    _step("A language model on this machine, streamed token by token", f"prompt: {_PROMPT}")
    params: dict[str, JsonValue] = {"prompt": _PROMPT, "max_tokens": 24, "temperature": 0}
    try:
        _run(api, "generate", params)
    except CommandError as error:
        if error.code != Exit.USAGE:
            raise
        note("no model is installed here; `pip install 'jobhive[llm]'` and name one with --model PATH")


def _run(
    api: Api, kind: str, params: dict[str, JsonValue], on_item: Callable[[JsonValue], None] = lambda _: None
) -> None:
    """Creates the job and shows its stream to the end."""
    job_id = create_job(api, kind, params).job_id
    viewer = Viewer(job_id)
    for told in Follower(api, job_path(job_id, "/stream"), 0, _PATIENCE_SECONDS, viewer.tell):
        viewer.show(told)
        if told.type == "item":
            on_item(told.values.get("value"))
    if viewer.exit is not Exit.OK:
        raise CommandError(f"{job_id} ({kind}) did not complete", Exit.JOB_FAILED)


def _killer(running: Installed) -> Callable[[JsonValue], None]:
    """Kills, at the fatal item, whoever serves the default queue; only once, for the third crash fails a job."""
    victims: list[int] = []

    def see(number: JsonValue) -> None:
        if number == _FATAL_ITEM and not victims:
            victims.append(_pid_of_worker(running))
            note(painted(f"kill -9 {victims[0]}", Colour.RED if has_colour(sys.stderr) else None))
            os.kill(victims[0], signal.SIGKILL)  # as the kernel does when memory runs out

    return see


def _pid_of_worker(running: Installed) -> int:
    pid = running.worker(DEFAULT_QUEUE)
    if pid is None:
        raise CommandError("no worker serves the default queue")
    return pid


def _step(title: str, remark: str) -> None:
    note("")
    note(painted(title, _colour()))
    note(painted(remark, Colour.DIM if has_colour(sys.stderr) else None))


def _colour() -> Colour | None:
    return Colour.CYAN if has_colour(sys.stderr) else None
