"""Jobs that run in processes of their own; they call the test that wants to know of them, and wait for its word.

As a program, by name or by path: a worker for them on the database that is named.
"""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Literal, NoReturn, cast

import psutil
from pydantic import BaseModel

from jobhive import Backoff, Cancel, Discard, InvalidInput, Jobhive, Retry, Snooze, SyncContext

AT_ONCE = Backoff(base=Backoff().base * 0)
LIMIT_SECONDS = 1.0  # of `overrun`

app = Jobhive("never-opened.db")

# A process that does not want to end: it ignores SIGTERM and hides from its starter in a session of its own.
STUBBORN = """
import os, signal, socket, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
line = socket.socket(fileno=int(sys.argv[1]))
line.sendall(b"hidden\\n")
signal.pause()
"""

# A process that ends in good order when it is asked to, with the test's consent.
ORDERLY = """
import signal, socket, sys
line = socket.socket(fileno=int(sys.argv[1]))
def end(*_):
    line.sendall(b"asked\\n")
    line.recv(1)
    line.sendall(b"in order\\n")
    sys.exit()
signal.signal(signal.SIGTERM, end)
line.sendall(b"ready\\n")
signal.pause()
"""


class Page(BaseModel):
    title: str
    lines: list[str] = []


class Steps(BaseModel):
    done: int
    of: int


class Flaky(Exception):
    code = "FLAKY"


class Sour(Flaky):
    """Worth another attempt, as a Flaky."""


class Line:
    """A connection to the test; closed for it once every process that holds an end is gone."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.say(str(os.getpid()))

    def say(self, word: str) -> None:
        self.socket.sendall(f"{word}\n".encode())

    def wait(self) -> None:
        self.socket.recv(1)

    def start(self, program: str, *, is_apart: bool = False) -> "subprocess.Popen[bytes]":
        """A program that holds the line too; apart from the job's process group if told so."""
        command = [sys.executable, "-c", program, str(self.socket.fileno())]
        return subprocess.Popen(command, pass_fds=[self.socket.fileno()], start_new_session=is_apart)


def spin() -> NoReturn:
    while True:
        pass


@app.job(isolation="process")
def add(a: int, b: int) -> int:
    return a + b


@app.job(isolation="process")
def shouted(ctx: SyncContext, page: Page) -> Page:
    assert ctx.job.params == page
    assert (ctx.job_id, ctx.attempt, ctx.job.kind) == (ctx.job.id, 1, "shouted")
    return Page(title=page.title.upper(), lines=[line.upper() for line in page.lines])


@app.job(isolation="process")
def repeat(text: str, times: int) -> str:
    return text * times


@app.job(isolation="process", progress=Steps)
def tell(ctx: SyncContext, count: int, filling: str = "") -> None:
    ctx.log("begins")
    ctx.progress(Steps(done=1, of=2))
    ctx.narrate("counts", "to the end", "as it was told")
    for number in range(count):
        ctx.emit("number", value=number, filling=filling)


@app.job(isolation="process")
def tell_at_once(ctx: SyncContext, threads: int, each: int) -> None:
    def tell_all(name: int) -> None:
        for number in range(each):
            ctx.emit("number", of=name, value=number)

    tellers = [threading.Thread(target=tell_all, args=[name]) for name in range(threads)]
    for teller in tellers:
        teller.start()
    for teller in tellers:
        teller.join()


@app.job(isolation="process")
def tell_wrong(ctx: SyncContext) -> list[str]:
    refused: list[str] = []
    for wrong in ({"seq": 1}, {"value": object()}):
        try:
            ctx.emit("number", **cast(dict[str, int], wrong))
        except InvalidInput as error:
            refused.append(f"{error.errors[0].field}: {error.errors[0].constraint}")
    try:
        ctx.progress("too far", 200)
    except InvalidInput as error:
        refused.append(f"{error.errors[0].field}: {error.errors[0].constraint}")
    return refused


@app.job(isolation="process", max_retries=0)
def fail(message: str) -> None:
    raise Flaky(message)  # the line that a traceback shows


@app.job(isolation="process", max_retries=0)
def cancel_for_a_file() -> None:
    raise Cancel(os.fsdecode(b"no caf\xe9"))


@app.job(isolation="process", retry_on=(Flaky,), backoff=AT_ONCE)
def fail_otherwise(ctx: SyncContext) -> None:
    raise Sour("first") if ctx.attempt == 1 else ValueError("second")


@app.job(isolation="process", max_retries=0)
def leave() -> None:
    sys.exit("no more of this")


@app.job(isolation="process", max_retries=1)
def steer(ctx: SyncContext, how: Literal["retry", "snooze", "cancel", "discard"]) -> int:
    if ctx.attempt == 1:
        raise {"retry": Retry(after=0), "snooze": Snooze(0), "cancel": Cancel("enough"), "discard": Discard("no")}[how]
    return ctx.job.failures


@app.job(isolation="process")
def mistype() -> int:
    return cast(int, "seven")


@app.job(isolation="process")
def not_json() -> object:
    return object()


@app.job(isolation="process")
def pid() -> int:
    return os.getpid()


kept: list[Line] = []


@app.job(isolation="process")
def keep_line(port: int) -> int:
    """The line lives as long as the process does."""
    kept.append(Line(port))
    return os.getpid()


@app.job(isolation="process", on_crash="fail")
def pid_unless_crashed() -> int:
    return os.getpid()


@app.job(isolation="process")
def children() -> dict[int, str]:
    """By process id: what they do; those that ended are zombies."""
    return {child.pid: child.status() for child in psutil.Process().children()}


@app.job(isolation="process")
def wait(port: int) -> int:
    Line(port).wait()
    return os.getpid()


@app.job(isolation="process")
def spin_with(port: int, program: Literal["stubborn", "orderly", "nothing"]) -> None:
    line = Line(port)
    if program != "nothing":
        line.start({"stubborn": STUBBORN, "orderly": ORDERLY}[program], is_apart=True)
    spin()


@app.job(isolation="process")
def hold_with_stubborn(port: int) -> None:
    """Cannot hear anything: it holds the interpreter's lock for longer than anybody waits."""
    Line(port).start(STUBBORN).wait()
    re.match(r"(a+)+$", "a" * 64 + "b")


@app.job(isolation="process", timeout=5.0, max_retries=0)
def overrun_with_stubborn(port: int) -> None:
    Line(port).start(STUBBORN).wait()
    spin()


@app.job(isolation="process")
def spin_with_stubborn(port: int) -> None:
    Line(port).start(STUBBORN).wait()
    spin()


@app.job(isolation="process")
def tidy(ctx: SyncContext, port: int) -> None:
    try:
        Line(port).wait()
    finally:
        ctx.log(f"swept, cancelled: {ctx.cancelled()}")


@app.job(isolation="process")
def cling(port: int) -> None:
    while True:
        try:
            Line(port).wait()
        except BaseException:
            continue


@app.job(isolation="process", timeout=LIMIT_SECONDS, max_retries=0)
def overrun() -> None:
    spin()


@app.job(isolation="process")
def leave_behind(port: int) -> None:
    """Its children outlive the job, in a process that waits for the next one."""
    Line(port).start(STUBBORN).wait()


@app.job(isolation="process")
def lose(ctx: SyncContext, port: int) -> int:
    if ctx.attempt == 1:
        Line(port).wait()
        while True:
            ctx.log("still here")
    return ctx.attempt


@app.job(isolation="process")
def chat() -> str:
    sys.stdout.write("to stdout\n")
    sys.stderr.write("to stderr\n")
    os.write(1, b'{"say": "ended"}\n')
    subprocess.run(["/bin/echo", "from a program"], check=True)
    return sys.stdin.read()


@app.job(isolation="process")
def talk_on(ctx: SyncContext, port: int) -> None:
    """Its thread outlives it."""

    def talk() -> None:
        line = Line(port)
        line.wait()
        try:
            ctx.log("by the way")
        except RuntimeError:
            line.say("refused")

    threading.Thread(target=talk, daemon=True).start()


@app.job(isolation="process")
def backtrack(port: int) -> None:
    """Holds the interpreter's lock for longer than anybody waits."""
    line = Line(port)
    line.start(ORDERLY)
    line.wait()
    re.match(r"(a+)+$", "a" * 64 + "b")


@app.job(isolation="process")
def fork(ctx: SyncContext, port: int) -> list[int]:
    """How copies of this process end: one that tells, one that is asked to end."""
    teller = os.fork()
    if not teller:
        try:
            ctx.log("from a copy")
        except RuntimeError:
            os._exit(7)
    line = Line(port)
    sleeper = os.fork()
    if not sleeper:
        line.say("asleep")
        signal.pause()
    line.wait()
    os.kill(sleeper, signal.SIGTERM)
    return [os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]) for copy in (teller, sleeper)]


@app.job(isolation="process")
def environment() -> list[str]:
    return [name for name in os.environ if name.startswith("JOBHIVE_")]


async def serve(url: str) -> None:
    async with Jobhive(url) as served:
        for handler in app.kinds:
            served.kinds.add(handler)
        async with served.worker():
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]).as_posix()))
