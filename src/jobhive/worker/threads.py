"""Threads for plain functions. Daemons, because one that does not stop must not keep its process from ending."""

import threading
from collections.abc import Callable
from concurrent.futures import Future


def in_thread(function: Callable[[], object]) -> Future[object]:
    """Calls the function in a thread of its own. The future cannot be cancelled, for a thread cannot be ended."""
    future: Future[object] = Future()
    future.set_running_or_notify_cancel()
    threading.Thread(target=_call, args=(function, future), name="jobhive-job", daemon=True).start()
    return future


def _call(function: Callable[[], object], future: Future[object]) -> None:
    try:
        result = function()
    except (StopIteration, GeneratorExit) as error:  # they mean something else to whoever awaits the future
        future.set_exception(_reworded(error))
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)


def _reworded(error: BaseException) -> RuntimeError:
    reworded = RuntimeError(f"the handler raised {type(error).__name__}")
    reworded.__cause__ = error
    return reworded
