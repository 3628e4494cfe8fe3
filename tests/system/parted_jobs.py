"""Jobs that write on the first machine only when they may, and that tell which machine wrote."""

import asyncio
import os
import time
from contextlib import suppress
from pathlib import Path

from jobhive import Context, Jobhive, SyncContext

app = Jobhive()

MACHINE = "TESTS_MACHINE"  # environment: the name of the one on which this process runs
FIRST = "first"


@app.job()
async def write(ctx: Context, go: str) -> str:
    """Ends when it is told to."""
    await ctx.log(_here())
    if _here() == FIRST:
        while not Path(go).exists():
            await asyncio.sleep(0.002)
        await ctx.log("late")
    return _here()


@app.job()
async def cling(ctx: Context, go: str) -> str:
    """Does not end when it is told to."""
    await ctx.log(_here())
    if _here() == FIRST:
        while not Path(go).exists():
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0.002)
        await ctx.log("late")
    return _here()


@app.job()
def cling_in_thread(ctx: SyncContext, go: str) -> str:
    """The same."""
    ctx.log(_here())
    if _here() == FIRST:
        while not Path(go).exists():
            time.sleep(0.002)
        ctx.log("late")
    return _here()


@app.job()
async def where(ctx: Context) -> str:
    return _here()


@app.job()
async def count(ctx: Context, to: int) -> str:
    """Tells the numbers up to that one."""
    for number in range(to):
        await ctx.emit("token", number=number)
        await asyncio.sleep(0.01)
    return _here()


def _here() -> str:
    return os.environ[MACHINE]
