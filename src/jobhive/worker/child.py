"""A process that was started by a supervisor and obeys its pipe."""

import asyncio
import os
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager

PARENT_PIPE = "JOBHIVE_PARENT_PIPE"  # environment: descriptor whose other end the supervisor holds
WORKER_ID = "JOBHIVE_WORKER_ID"  # environment: the id by which the supervisor will know this process' jobs


@contextmanager
def obeying(parent_gone: Callable[[], None]) -> Generator[None]:
    """Calls `parent_gone` once the supervisor's end of the pipe closes, however that happened.

    Ctrl-C reaches the whole process group; the supervisor alone decides about it, so it is ignored here. Without a
    supervisor the block is as any other. Must be entered on the main thread's running loop.
    """
    descriptor = os.environ.get(PARENT_PIPE)
    if descriptor is None:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    loop, pipe = asyncio.get_running_loop(), int(descriptor)

    def closed() -> None:
        loop.remove_reader(pipe)
        parent_gone()

    loop.add_reader(pipe, closed)  # nobody writes to it: readable means closed
    try:
        yield
    finally:
        loop.remove_reader(pipe)


def given_worker_id() -> str | None:
    """The worker id that the supervisor chose, if there is one."""
    return os.environ.get(WORKER_ID)
