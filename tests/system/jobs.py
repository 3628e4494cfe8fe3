"""Jobs for whole installations under test. What they do is in the installation's history."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path

from pydantic import BaseModel

from jobhive import Context, Jobhive, SyncContext
from jobhive.core.retry import Backoff
from jobhive.testing.faults import HISTORY, RUN, History

app = Jobhive()


class Squared(BaseModel):
    """Which attempt computed what."""

    attempt: int
    square: int


@app.job()
async def square(ctx: Context, n: int) -> Squared:
    with _noted(ctx):
        await asyncio.sleep(0.03)
        return Squared(attempt=ctx.attempt, square=n * n)


@app.job()
async def brief(ctx: Context) -> None:
    """Forgotten soon after its end."""
    with _noted(ctx):
        await asyncio.sleep(0)


@app.job()
async def count(ctx: Context, n: int) -> AsyncIterator[int]:
    with _noted(ctx):
        for number in range(n):
            yield number
            await asyncio.sleep(0.02)


@app.job()
def wait_for(ctx: SyncContext, path: str) -> str:
    with _noted(ctx):
        return _waited_for(ctx, path)


@app.job(on_crash="fail")
def fragile(ctx: SyncContext, path: str) -> str:
    ctx.log("begun")
    with _noted(ctx):
        return _waited_for(ctx, path)


@app.job(backoff=Backoff(timedelta(milliseconds=50)))
async def fail_at_first(ctx: Context) -> int:
    with _noted(ctx):
        if ctx.attempt == 1:
            raise ValueError("the first time")
        return ctx.attempt


@app.job(max_retries=0)
async def fail(ctx: Context) -> int:
    with _noted(ctx):
        raise ValueError("each time")


@app.job()
def kill_once(ctx: SyncContext, marker: str) -> int:
    """Ends its own worker by force, if nothing is at the path yet."""
    with _noted(ctx):
        if not Path(marker).exists():
            Path(marker).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return ctx.attempt


@app.job()
async def until_cancelled(ctx: Context) -> None:
    with _noted(ctx):
        await asyncio.Event().wait()


def _waited_for(ctx: SyncContext, path: str) -> str:
    while not Path(path).exists():
        ctx.check_cancelled()
        time.sleep(0.02)
    return "it is there"


@contextmanager
def _noted(ctx: Context | SyncContext) -> Generator[None]:
    with _history().noting(RUN, ctx.job_id, attempt=ctx.attempt):
        yield


@cache
def _history() -> History:
    return History(Path(os.environ[HISTORY]))
