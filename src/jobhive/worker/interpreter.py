"""Settings of an interpreter that does nothing but run jobs."""

import gc
import sys

_SWITCH_SECONDS = 0.00002
_NET_ALLOCATIONS = 10_000


def tune_interpreter() -> None:
    """Fits collector and threads to a worker's process; programs that embed a worker keep their own settings.

    Call it once the application is loaded: what is there by now stays, so the collector need not look at it again.
    Thousands of short-lived jobs each second would make it run all the time at its default of 700. The store's thread
    needs the interpreter's lock often, but for moments: by default it would wait 5 ms each time a handler computes.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NET_ALLOCATIONS)
    sys.setswitchinterval(_SWITCH_SECONDS)
