"""A process that was started by a supervisor: it obeys the line between them, and says on it when it is ready."""

import asyncio
import os
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

PARENT_LINE = "JOBHIVE_PARENT_LINE"  # environment: descriptor of a socket whose other end the supervisor holds
READY = b"r"
WORKER_ID = "JOBHIVE_WORKER_ID"  # environment: the id by which the supervisor will know this process' jobs


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


def given_worker_id() -> str | None:
    """The worker id that the supervisor chose, if there is one."""
    return os.environ.get(WORKER_ID)
