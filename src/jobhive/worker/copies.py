"""A handler that forks makes a copy of its worker. The copy may do what it likes, but never a worker's work."""

import asyncio
import os
import threading

from jobhive.forks import tell_of_forks
from jobhive.narration import narrate

_EXIT_CODE = 70  # EX_SOFTWARE of sysexits.h


class Original:
    """Knows whether this process is the one in which its worker was made. Made on the worker's loop."""

    def __init__(self) -> None:
        self._is_here = True  # false in copies
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()  # where the loop runs
        tell_of_forks(self)

    def forget(self) -> None:
        """This is a copy: if it comes back to the loop, which it shares with the original, it ends."""
        self._is_here = False
        if threading.get_ident() == self._thread:
            self._loop.call_soon(self.end_copy)

    def end_copy(self) -> None:
        """Called where a handler has returned: one copy of it was enough."""
        if not self._is_here:
            sentence = "a forked copy of it came back from a handler and is ended; it should have ended by os._exit"
            narrate("worker", "ends", "a copy", sentence, level="error")
            os._exit(_EXIT_CODE)
