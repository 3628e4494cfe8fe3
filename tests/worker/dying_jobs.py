"""Jobs that end their own process, one way or another."""

import ctypes
import os
import signal
import threading
from typing import Literal

from jobhive import Jobhive, SyncContext
from tests.worker.isolated_jobs import AT_ONCE, Line

app = Jobhive("never-opened.db")

# A process that does not want to end, where everybody can see it.
DEAF = """
import signal, socket, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
line = socket.socket(fileno=int(sys.argv[1]))
line.sendall(b"ready\\n")
signal.pause()
"""


@app.job(isolation="process", backoff=AT_ONCE)
def die_once(ctx: SyncContext, how: Literal["kill", "segfault", "exit"]) -> int:
    if ctx.attempt == 1:
        die(how)
    return os.getpid()


@app.job(isolation="process", on_crash="fail")
def die_for_good(port: int, how: Literal["kill", "segfault", "exit"]) -> None:
    Line(port)
    die(how)


@app.job(isolation="process", max_retries=0)
def die_with_children(port: int) -> None:
    line = Line(port)
    line.start(DEAF)
    line.wait()
    die("kill")


def die(how: Literal["kill", "segfault", "exit"]) -> None:
    match how:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "segfault":
            ctypes.string_at(0)
        case "exit":
            os._exit(3)


@app.job(isolation="process", max_retries=0)
def die_talking(ctx: SyncContext) -> None:
    def talk() -> None:
        while True:
            ctx.log("and another thing")

    threading.Thread(target=talk, daemon=True).start()
    for _ in range(100):
        ctx.log("listen")
    die("kill")


@app.job(isolation="process", max_retries=0)
def die_with_a_copy(port: int) -> None:
    """A copy made behind Python's back, in a session of its own, keeps all descriptors."""
    line = Line(port)
    if not ctypes.PyDLL(None).fork():
        os.setsid()
        line.say(str(os.getpid()))
        signal.pause()
    line.wait()
    die("kill")
