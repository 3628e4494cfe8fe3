"""The thread on which the engine lives: the driver's connections belong to one event loop, its callers to any.

A caller hands its work over and waits on its own loop. A handler that blocks that loop keeps no connection, and a
caller that stops waiting stops nothing: what it asked for is durable all the same.
"""

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from jobhive.core.errors import StoreUnavailable
from jobhive.forks import abandon

if sys.platform == "win32":
    from asyncio import new_event_loop
else:
    from uvloop import new_event_loop

T = TypeVar("T")
Work = Callable[[], Coroutine[Any, Any, T]]


class Home:
    """An event loop on a thread of its own, from `start` to `stop`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._loop: asyncio.AbstractEventLoop | None = None  # runs from `start` to `stop`
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()  # guards the three below: callers come from many threads
        self._is_taking = False  # False as soon as `drain` begins
        self._under_way = 0  # works handed over and not yet answered
        self._idle = threading.Event()  # set while nothing is under way

    def start(self, tenant: object) -> None:
        """Begins to take work.

        The tenant, whose connections live here, stays until `stop`, also where all others forget it: what uvloop has
        under way must be let go of by no other thread.
        """
        self._loop = new_event_loop()
        living = (self._loop, tenant)
        self._thread = threading.Thread(target=_live, args=living, name="jobhive-postgres", daemon=True)
        self._thread.start()
        with self._lock:
            self._idle.set()
            self._is_taking = True

    def drain(self) -> None:
        """Takes no more work and returns when all that was taken is answered. Blocks."""
        with self._lock:
            self._is_taking = False
        self._idle.wait()

    def stop(self) -> None:
        """Ends the thread. Blocks."""
        loop, thread = self._loop, self._thread
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
        self._loop = self._thread = None

    async def run(self, work: Work[T]) -> T:
        """Performs the work here and returns its answer on the caller's loop."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        with self._lock:
            if not self._is_taking or self._loop is None:
                raise StoreUnavailable(f"the store {self._url} is not open; open it before you use it")
            self._under_way += 1
            self._idle.clear()
            self._loop.call_soon_threadsafe(self._begin, work, answer)
        return await answer

    def post(self, act: Callable[[], None]) -> None:
        """Has it done here, soon; a home that takes no work does nothing."""
        with self._lock:
            if self._is_taking and self._loop is not None:
                self._loop.call_soon_threadsafe(act)

    def perform(self, work: Work[T]) -> T:
        """The same for opening and closing, which happen apart from other work. Blocks the calling thread."""
        if self._loop is None:
            raise StoreUnavailable(f"the store {self._url} is not open; open it before you use it")
        return asyncio.run_coroutine_threadsafe(work(), self._loop).result()

    def forget(self) -> None:
        """In a child: the thread is the original's, and its loop with all that waits on it is not even let go of."""
        abandon(self._loop)
        self._loop = self._thread = None
        self._lock, self._idle = threading.Lock(), threading.Event()
        self._is_taking, self._under_way = False, 0

    def _begin(self, work: Work[T], answer: asyncio.Future[T]) -> None:
        asyncio.ensure_future(work()).add_done_callback(partial(self._answer, answer))

    def _answer(self, answer: asyncio.Future[T], done: asyncio.Future[T]) -> None:
        error = done.exception()  # looked at here, so that it counts as seen also where nobody waits any more
        with suppress(RuntimeError):  # the caller's loop was closed meanwhile
            answer.get_loop().call_soon_threadsafe(_settle, answer, done, error)
        with self._lock:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()


def _live(loop: asyncio.AbstractEventLoop, _tenant: object) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def _settle(answer: asyncio.Future[T], done: asyncio.Future[T], error: BaseException | None) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(done.result())
    else:
        answer.set_exception(error)
