"""The program between a worker and a process that runs its jobs: `python -m` this, with a descriptor and a command.

All it does is outlive that process. What the process has started becomes its child once the process is gone, and ends
with it: also after a crash, and also where a job holds the interpreter's lock and cannot hear that the worker died.
Signals from the worker go through here, and never to somebody who has the process' id by now.
"""

import os
import resource
import select
import signal
import subprocess
import sys
import threading
from contextlib import suppress

import psutil

from jobhive.worker.isolation.tree import GRACE_SECONDS, adopt_orphans, kill_descendants


class Guard:
    """Of one process, which it starts in a session of its own."""

    def __init__(self, line: int, command: list[str]) -> None:
        self._line = line  # the process' way to the worker; here it only tells whether the worker is there
        self._is_over = threading.Event()  # set before the process is waited for: its id may be another's after that
        self._process = subprocess.Popen(command, pass_fds=[line], start_new_session=True)

    def watch(self) -> int:
        """The exit code of the process, once it and all that it started have ended; a signal is negative."""
        signal.signal(signal.SIGTERM, self._pass_on)
        threading.Thread(target=self._outlive_worker, daemon=True).start()
        if sys.platform == "linux":
            os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        self._is_over.set()
        exit_code = self._process.wait()
        kill_descendants(psutil.Process())
        return exit_code

    def _pass_on(self, *_: object) -> None:
        """To the whole group: programs of the job are to end in good order too."""
        if not self._is_over.is_set():
            os.killpg(self._process.pid, signal.SIGTERM)

    def _outlive_worker(self) -> None:
        poll = select.poll()
        poll.register(self._line, 0)  # nothing is read here: all that it can tell is that the other end closed
        poll.poll()
        self._is_over.wait(GRACE_SECONDS)
        kill_descendants(psutil.Process())


def main() -> None:
    """Ends as the process did."""
    signal.signal(signal.SIGINT, _ignored)
    adopt_orphans()
    exit_code = Guard(int(sys.argv[1]), sys.argv[2:]).watch()
    if exit_code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # one image of the crash is enough
        with suppress(OSError):  # SIGKILL
            signal.signal(-exit_code, signal.SIG_DFL)
        os.kill(os.getpid(), -exit_code)
    os._exit(exit_code)


def _ignored(*_: object) -> None:
    """Unlike SIG_IGN it is not inherited by the process."""


if __name__ == "__main__":
    main()
