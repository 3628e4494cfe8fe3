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
    awaited = end if _here() == SECOND else go
    while not Path(awaited).exists():
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
    if _here() == FIRST:
        await ctx.log("late")
    return _here()


@app.job()
async def answer(ctx: Context, go: str, end: str) -> str:
    """Has a result and nothing else that is late."""
    await ctx.log(_here())
    awaited = end if _here() == SECOND else go
    while not Path(awaited).exists():
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
    return _here()


@app.job()
async def cling(ctx: Context, go: str, end: str) -> str:
    """Does not, and writes all the same."""
    await ctx.log(_here())
    awaited = end if _here() == SECOND else go
    while not Path(awaited).exists():
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
    if _here() == FIRST:
        await ctx.log("late")
    return _here()


@app.job()
def cling_in_thread(ctx: SyncContext, go: str, end: str) -> str:
    """The same."""
    ctx.log(_here())
    awaited = Path(end if _here() == SECOND else go)
    while not awaited.exists():
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
        while number >= to // 2 and not Path(go).exists():
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
        await ctx.emit("token", number=number)
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
    return _here()


def _here() -> str:
    return os.environ[MACHINE]
