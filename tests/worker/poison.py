"""Jobs that end their process in every way there is, and healthy ones, for worker programs under test."""

import asyncio
import ctypes
import os
import resource
import signal

from jobhive import Jobhive

app = Jobhive()


@app.job()
async def healthy(n: int) -> int:
    await asyncio.sleep(0.01)
    return n


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
    """What allocates where the kernel would end it: here a limit does, and native code that does not look aborts."""
    resource.setrlimit(resource.RLIMIT_AS, (1 << 20, 1 << 20))
    allocate = ctypes.CDLL(None).malloc
    allocate.restype = ctypes.c_void_p
    block = allocate(ctypes.c_size_t(1 << 30))
    ctypes.memset(block, 1, 1 << 30)
