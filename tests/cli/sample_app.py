"""An application as a user would write it; the terminal's tests run it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

from jobhive import Backoff, Context, Jobhive

app = Jobhive()
not_an_app = 5


@app.job()
async def add(a: int, b: int) -> int:
    return a + b


@app.job()
async def count(ctx: Context, n: int, pause: float = 0.01) -> AsyncIterator[int]:
    for number in range(1, n + 1):
        await ctx.progress("counting", percentage=100 * number / n, message=f"{number} of {n}")
        await ctx.log(f"at \x1b[2J{number}")
        yield number
        await asyncio.sleep(pause)


@app.job()
async def talk(ctx: Context, text: str, pause: float = 0.0) -> None:
    for index, word in enumerate(text.split(" ")):
        await ctx.emit("token", t=f"{word} ", i=index)
        await asyncio.sleep(pause)


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
