"""Jobs that write late on the first machine, and that tell which machine wrote."""

import asyncio
import os
import time
from contextlib import suppress
from pathlib import Path

from jobhive import Context, Jobhive, SyncContext

app = Jobhive()

MACHINE = "TESTS_MACHINE"  # environment: the name of the one on which this process runs
FIRST, SECOND = "first", "second"
_SECONDS_BETWEEN_LOOKS = 0.005


@app.job()
async def write(ctx: Context, go: str, end: str) -> str:
    """Ends when it is told to."""
    await ctx.log(_here())
    await _appears(_awaited(go, end))
    if _here() == FIRST:
        await ctx.log("late")
    return _here()


@app.job()
async def answer(ctx: Context, go: str, end: str) -> str:
    """Has a result and nothing else that is late."""
    await ctx.log(_here())
    await _appears(_awaited(go, end))
    return _here()


@app.job()
async def cling(ctx: Context, go: str, end: str) -> str:
    """Does not end when it is told to, and writes all the same."""
    await ctx.log(_here())
    is_there = False
    while not is_there:
        with suppress(asyncio.CancelledError):
            await _appears(_awaited(go, end))
            is_there = True
    if _here() == FIRST:
        await ctx.log("late")
    return _here()


@app.job()
def cling_in_thread(ctx: SyncContext, go: str, end: str) -> str:
    """The same."""
    ctx.log(_here())
    while not Path(_awaited(go, end)).exists():
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    if _here() == FIRST:
        ctx.log("late")
    return _here()


@app.job()
async def where(ctx: Context) -> str:
    return _here()


@app.job()
async def count(ctx: Context, to: int, go: str) -> str:
    """Tells the numbers below that one, the second half once the file is there."""
    for number in range(to):
        if number == to // 2:
            await _appears(go)
        await ctx.emit("token", number=number)
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
    return _here()


def _here() -> str:
    return os.environ[MACHINE]


def _awaited(go: str, end: str) -> str:
    return go if _here() == FIRST else end


async def _appears(path: str) -> None:
    while True:
        if await asyncio.to_thread(Path(path).exists):
            return
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
