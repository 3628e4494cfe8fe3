"""Keys that are pressed while something is shown."""

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager


@contextmanager
def keys_heard() -> Generator[Callable[[float], str]]:
    """Hands out a wait of so many seconds that ends early with the key that was pressed; `""` where none was."""
    if sys.platform == "win32" or not sys.stdin.isatty():
        yield _sleep
        return
    import termios
    import tty
    from select import select

    def wait(seconds: float) -> str:
        ready, _, _ = select([sys.stdin], [], [], seconds)
        return sys.stdin.read(1) if ready else ""

    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)  # keys come at once and unseen; Ctrl-C still interrupts
    try:
        yield wait
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _sleep(seconds: float) -> str:
    time.sleep(seconds)
    return ""
