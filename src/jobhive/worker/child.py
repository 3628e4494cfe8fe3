"""A process that was started by a supervisor: it obeys the line between them, and tells on it what it holds."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache

from jobhive.worker.line import ORDERS, RENEWALS, Line, Orders, Ready, Recycling, Renewed, Report

POST = "JOBHIVE_POST"  # environment: `Orders` as JSON
HURRY = signal.SIGUSR1  # from a supervisor: stop at once; a second SIGTERM melts into a first that is not heard yet


class Post:
    """This process' place under its supervisor."""

    def __init__(self, orders: Orders, line: Line) -> None:
        self.worker_id = orders.worker_id
        self.supervisor_id = orders.supervisor_id
        self.is_solo = orders.is_solo
        self.on_renewed: Callable[[Renewed], None] | None = None  # set by who keeps the leases
        self.on_left: Callable[[], None] | None = None  # set by `obeying`; called once
        self._line = line

    def fileno(self) -> int:
        """For the loop to watch."""
        return self._line.fileno()

    async def say(self, report: Report) -> None:
        """Returns once it is on its way to the supervisor."""
        await self._line.say(report)

    def listen(self) -> None:
        """Hears what the supervisor has said, and whether it is gone."""
        for line in self._line.heard():
            if self.on_renewed is not None:
                self.on_renewed(RENEWALS.validate_json(line))
        if self._line.is_closed and self.on_left is not None:
            leave, self.on_left = self.on_left, None
            leave()


@cache
def given_post() -> Post | None:
    """The post that a supervisor gave to this process, if one did."""
    text = os.environ.get(POST)
    if text is None:
        return None
    orders = ORDERS.validate_json(text)
    return Post(orders, Line(socket.socket(fileno=orders.line)))


def is_supervised() -> bool:
    """Whether a supervisor started this process."""
    return POST in os.environ


@contextmanager
def obeying(parent_gone: Callable[[], None]) -> Generator[None]:
    """Calls `parent_gone` once the supervisor's end of the line closes, however that happened.

    Ctrl-C reaches the whole process group; the supervisor alone decides about it, so it is ignored here. Without a
    supervisor the block is as any other. Must be entered on the main thread's running loop.
    """
    post = given_post()
    if post is None:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    loop = asyncio.get_running_loop()

    def leave() -> None:
        loop.remove_reader(post)
        parent_gone()

    post.on_left = leave
    loop.add_reader(post, post.listen)
    try:
        yield
    finally:
        loop.remove_reader(post)


async def tell_ready() -> None:
    """From now on an error is no failure to start. Without a supervisor nobody hears it."""
    post = given_post()
    if post is not None:
        await post.say(Ready())


async def ask_to_be_replaced(why: str) -> None:
    """The process is about to end in good order; another is to come in its place."""
    post = given_post()
    if post is not None:
        await post.say(Recycling(why=why))
