"""A process that was started by a supervisor: it obeys the line between them, and says on it when it is ready."""

import asyncio
import os
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from pydantic import TypeAdapter

PARENT_LINE = "JOBHIVE_PARENT_LINE"  # environment: descriptor of a socket whose other end the supervisor holds
READY = b"r"
POST = "JOBHIVE_POST"  # environment: what the supervisor wants of the process, a `Post` as JSON


class Post(NamedTuple):
    """What a supervisor wants of a process that it starts."""

    worker_id: str  # by which the supervisor will know the process' jobs
    supervisor_id: str  # whose liveness says that it will take these jobs back
    is_solo: bool  # the process is to run suspects, one at a time, until none is left


@contextmanager
def obeying(parent_gone: Callable[[], None]) -> Generator[None]:
    """Calls `parent_gone` once the supervisor's end of the line closes, however that happened.

    Ctrl-C reaches the whole process group; the supervisor alone decides about it, so it is ignored here. Without a
    supervisor the block is as any other. Must be entered on the main thread's running loop.
    """
    descriptor = os.environ.get(PARENT_LINE)
    if descriptor is None:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    loop, line = asyncio.get_running_loop(), int(descriptor)

    def closed() -> None:
        loop.remove_reader(line)
        parent_gone()

    loop.add_reader(line, closed)  # the supervisor says nothing on it: readable means closed
    try:
        yield
    finally:
        loop.remove_reader(line)


def tell_ready() -> None:
    """From now on an error is no failure to start. Without a supervisor nobody hears it."""
    descriptor = os.environ.get(PARENT_LINE)
    if descriptor is not None:
        with suppress(BrokenPipeError):  # it is gone; `obeying` sees to that
            os.write(int(descriptor), READY)


def given_post() -> Post | None:
    """The post that a supervisor gave to this process, if one did."""
    text = os.environ.get(POST)
    return None if text is None else _POSTS.validate_json(text)


_POSTS = TypeAdapter(Post)
