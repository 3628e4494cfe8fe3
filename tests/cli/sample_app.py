"""An application as a user would write it; the terminal's tests run it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

from jobhive import Backoff, Context, Jobhive

app = Jobhive()
not_an_app = 5


@app.job()
async def add(a: int, b: int) -> int:
    return a + b


@app.job()
async def count(ctx: Context, n: int, gate: str = "") -> AsyncIterator[int]:
    """Halfway it waits for the gate."""
    for number in range(1, n + 1):
        await ctx.progress("counting", percentage=100 * number / n, message=f"{number} of {n}")
        await ctx.log(f"at \x1b[2J{number}")
        yield number
        if number == n // 2:
            await opened(gate)


@app.job()
async def talk(ctx: Context, text: str, gate: str = "") -> None:
    """After the first word it waits for the gate."""
    for index, word in enumerate(text.split(" ")):
        await ctx.emit("token", t=f"{word} ", i=index)
        if index == 0:
            await opened(gate)


async def opened(gate: str) -> None:
    """Waits until somebody writes to the gate, a named pipe."""
    if gate:
        await asyncio.to_thread(Path(gate).read_bytes)


@app.job(backoff=Backoff(base=timedelta(milliseconds=10)))
async def mumble(ctx: Context) -> None:
    """Talks and logs by turns, and has to begin again."""
    for word in ("one", "two"):
        await ctx.emit("token", t=f"{word} ")
        await ctx.log("between")
    if ctx.attempt == 1:
        raise ConnectionError("lost")


@app.job(max_retries=0)
async def boom() -> None:
    raise ValueError("it went \x1b[2J boom")


@app.job(backoff=Backoff(base=timedelta(milliseconds=10)))
async def flaky(ctx: Context, failures: int) -> str:
    if ctx.attempt <= failures:
        raise ConnectionError("not yet")
    return f"attempt {ctx.attempt}"


@app.job(queue="slow")
async def hang(ctx: Context) -> None:
    await ctx.log("hanging")
    await asyncio.Event().wait()


@app.job(backoff=Backoff(base=timedelta(milliseconds=10)))
async def tell(ctx: Context, failures: int) -> None:
    await ctx.narrate("counts", "warehouse", "counting the north")
    if ctx.attempt <= failures:
        raise ConnectionError("not yet")
