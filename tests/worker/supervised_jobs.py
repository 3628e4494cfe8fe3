"""Jobs that a supervisor has to deal with, and healthy ones, for worker programs under test."""

import asyncio
import ctypes
import os
import resource
import signal
import threading
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

from jobhive import Backoff, Context, Jobhive, SyncContext

app = Jobhive()
_KEPT = list[bytearray]()
_FILES = list[int]()
_FEW = 128
_LINGERING_SECONDS = 30


def hold_the_interpreter(seconds: float) -> None:
    """As native code does that never lets go of the interpreter's lock."""
    ctypes.PyDLL(None).usleep(int(seconds * 1_000_000))


@app.job()
async def healthy(n: int) -> int:
    await asyncio.sleep(0.01)
    return n


@app.job()
async def process_id() -> int:
    return os.getpid()


@app.job()
def wait_for(ctx: SyncContext, path: str) -> str:
    while not Path(path).exists():
        ctx.check_cancelled()
        time.sleep(0.02)
    return "it is there"


@app.job()
async def compute(ctx: Context, seconds: float) -> int:
    await ctx.log("begins")
    await ctx.settled()
    hold_the_interpreter(seconds)
    return ctx.attempt


@app.job(timeout=0.2, max_retries=0)
async def hang() -> None:
    hold_the_interpreter(600)


@app.job(stall_timeout=0.2, max_retries=0)
async def fall_silent(ctx: Context) -> None:
    await ctx.log("the last word")
    await ctx.settled()
    hold_the_interpreter(600)


@app.job(timeout=0.1, max_retries=0)
def never_end() -> None:
    threading.Event().wait()


@app.job()
async def keep(mib: int) -> int:
    _KEPT.append(bytearray(os.urandom(1024)) * (mib * 1024))
    return os.getpid()


@app.job(max_retries=1, backoff=Backoff(base=timedelta(0)))
async def keep_descriptors(ctx: Context) -> int:
    if ctx.attempt == 1:
        resource.setrlimit(resource.RLIMIT_NOFILE, (_FEW, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        while True:
            _FILES.append(os.open(os.devnull, os.O_RDONLY))
    return os.getpid()


# ---- forks ---------------------------------------------------------------------------------------------------------


@app.job()
async def fork_and_return() -> int:
    child = os.fork()
    return await asyncio.to_thread(_exit_code, child) if child else 0


@app.job()
async def fork_and_await() -> int:
    child = os.fork()
    if not child:
        await asyncio.Event().wait()
    return await asyncio.to_thread(_exit_code, child)


@app.job()
def fork_in_thread() -> int:
    child = os.fork()
    return _exit_code(child) if child else 0


@app.job()
async def leave_a_child(ctx: Context) -> int:
    """The child outlives its worker."""
    if ctx.attempt == 1:
        if not os.fork():
            _linger()
        await ctx.log("forked")
        await asyncio.Event().wait()
    return ctx.attempt


def _exit_code(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _linger() -> NoReturn:
    os.closerange(0, 3)  # whoever reads what its parent says hears its end
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(_LINGERING_SECONDS)
    while True:
        signal.pause()


# ---- poison --------------------------------------------------------------------------------------------------------


@app.job()
async def kill_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@app.job()
async def leave() -> None:
    os._exit(7)


@app.job()
async def break_memory() -> None:
    ctypes.string_at(0)


@app.job()
def exhaust_memory() -> None:
    """Native code that is out of memory and does not look."""
    resource.setrlimit(resource.RLIMIT_AS, (1 << 20, 1 << 20))
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    ctypes.memset(libc.malloc(ctypes.c_size_t(1 << 30)) or 0, 1, 1 << 30)


@app.job()
def exhaust_descriptors() -> None:
    """Native code that cannot open what it needs, and gives up."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FEW, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with suppress(OSError):
        while True:
            _FILES.append(os.open(os.devnull, os.O_RDONLY))
    os.abort()


@app.job()
def fork_and_die() -> None:
    """Children outlive it, with copies of all that it had open."""
    for _ in range(3):
        if not os.fork():
            _linger()
    os.kill(os.getpid(), signal.SIGTRAP)


@app.job()
def print_a_gibibyte() -> None:
    line = b"x" * (1 << 20)
    for _ in range(1 << 10):
        os.write(1, line)
    os._exit(9)


@app.job(timeout=0.2, max_retries=2, backoff=Backoff(base=timedelta(0)))
async def hang_again_and_again() -> None:
    hold_the_interpreter(600)
