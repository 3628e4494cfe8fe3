"""Threads for plain functions. Daemons, because one that does not stop must not keep its process from ending."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from typing import NamedTuple

from jobhive.worker.copies import Original


class _Call(NamedTuple):
    function: Callable[[], object]
    future: Future[object]


_Inbox = SimpleQueue[_Call | None]  # None: no more of them


class Threads:
    """Calls functions in threads and keeps each thread for the next call. Used from one event loop."""

    def __init__(self, original: Original) -> None:
        self._original = original
        self._idle: list[_Inbox] = []  # of the threads that wait for a call; the newest is called first
        self._is_closed = False  # set by `close`

    def call(self, function: Callable[[], object]) -> Future[object]:
        """Calls the function at once. The future cannot be cancelled, for a thread cannot be ended."""
        future: Future[object] = Future()
        future.set_running_or_notify_cancel()
        inbox = self._idle.pop() if self._idle else self._start()
        inbox.put(_Call(function, future))
        return future

    def close(self) -> None:
        """Ends the idle threads; the others end with their call, or with this process."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().put(None)

    def _start(self) -> _Inbox:
        inbox = _Inbox()
        threading.Thread(target=self._serve, args=(inbox,), name="jobhive-job", daemon=True).start()
        return inbox

    def _serve(self, inbox: _Inbox) -> None:
        while (call := inbox.get()) is not None:
            answer = _outcome(call)
            self._original.end_copy()
            del call  # an idle thread keeps nothing of its last call alive
            self._idle.append(inbox)  # first: whoever hears the answer may have the next call
            if self._is_closed:
                inbox.put(None)
            answer()
            del answer


def _outcome(call: _Call) -> Callable[[], None]:
    """Calls the function; the result tells the future what came of it."""
    try:
        return partial(call.future.set_result, call.function())
    except (StopIteration, GeneratorExit) as error:  # they mean something else to whoever awaits the future
        return partial(call.future.set_exception, _reworded(error))
    except BaseException as error:
        return partial(call.future.set_exception, error)


def _reworded(error: BaseException) -> RuntimeError:
    reworded = RuntimeError(f"the handler raised {type(error).__name__}")
    reworded.__cause__ = error
    return reworded
