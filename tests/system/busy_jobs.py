"""Jobs of every manner. The first attempt takes as long as it is told to, another one no time."""

import asyncio
import time
from collections.abc import AsyncIterator

from jobhive import Context, Jobhive, SyncContext

app = Jobhive()

_SECONDS_BETWEEN_LOOKS = 0.005


@app.job()
async def on_loop(ctx: Context, seconds: float) -> int:
    await ctx.log("runs")
    await asyncio.sleep(seconds * (ctx.attempt == 1))
    return ctx.attempt


@app.job()
async def streamed(ctx: Context, seconds: float) -> AsyncIterator[str]:
    ends_at = time.monotonic() + seconds * (ctx.attempt == 1)
    yield "runs"
    while time.monotonic() < ends_at:
        yield "still runs"
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)


@app.job()
def in_thread(ctx: SyncContext, seconds: float) -> int:
    ctx.log("runs")
    ends_at = time.monotonic() + seconds * (ctx.attempt == 1)
    while time.monotonic() < ends_at:
        ctx.check_cancelled()
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    return ctx.attempt


@app.job(isolation="process")
def in_process(ctx: SyncContext, seconds: float) -> int:
    ctx.log("runs")
    time.sleep(seconds * (ctx.attempt == 1))
    return ctx.attempt


@app.job(isolation="process")
def clinging(ctx: SyncContext, seconds: float) -> int:
    """Does not end when it is asked to."""
    ctx.log("runs")
    ends_at = time.monotonic() + seconds * (ctx.attempt == 1)
    while time.monotonic() < ends_at:
        try:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        except BaseException:  # that it is to stop, among others
            ctx.log("does not hear")
    return ctx.attempt


KINDS = ("on_loop", "streamed", "in_thread", "in_process", "clinging")
