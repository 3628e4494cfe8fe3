"""Jobs for whole installations under test."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

from pydantic import BaseModel

from jobhive import Context, Jobhive, SyncContext

app = Jobhive()


class Squared(BaseModel):
    """Which attempt computed what."""

    attempt: int
    square: int


@app.job()
async def square(ctx: Context, n: int) -> Squared:
    await asyncio.sleep(0.03)
    return Squared(attempt=ctx.attempt, square=n * n)


@app.job()
async def count(n: int) -> AsyncIterator[int]:
    for number in range(n):
        yield number
        await asyncio.sleep(0.02)


@app.job()
def wait_for(ctx: SyncContext, path: str) -> str:
    while not Path(path).exists():
        ctx.check_cancelled()
        time.sleep(0.02)
    return "it is there"


@app.job(on_crash="fail")
def fragile(ctx: SyncContext, path: str) -> str:
    ctx.log("begun")
    return wait_for(ctx, path)
