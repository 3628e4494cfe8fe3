"""A loop of our own for callers that have none."""

import asyncio
import os
import threading
from collections.abc import Coroutine
from functools import cache
from typing import TypeVar

T = TypeVar("T")


def run_in_background(work: Coroutine[object, object, T], instead: str) -> T:
    """Runs the coroutine on the background loop and waits for it.

    Raises RuntimeError inside a running loop, which would stand still meanwhile; `instead` says what to call there.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run_coroutine_threadsafe(work, _background_loop()).result()
    work.close()
    raise RuntimeError(f"there is a running event loop here, which this call would block; use `{instead}`")


@cache
def _background_loop() -> asyncio.AbstractEventLoop:
    """Started with the first call; ends with the process."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="jobhive-background", daemon=True).start()
    return loop


os.register_at_fork(after_in_child=_background_loop.cache_clear)  # its thread is not in a child
