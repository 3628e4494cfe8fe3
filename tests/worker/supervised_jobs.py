"""Jobs that a supervisor has to deal with, and healthy ones, for worker programs under test."""

import asyncio
import ctypes
import os
import resource
import signal
import threading
import time
from pathlib import Path

from jobhive import Context, Jobhive, SyncContext

app = Jobhive()
_KEPT = list[bytearray]()


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
