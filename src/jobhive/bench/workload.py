"""The application that is measured: kinds that do next to nothing. The bench and its workers import it alike."""

import asyncio
import time

from jobhive.app import Jobhive
from jobhive.client.context import Context

_IO_SECONDS = 0.01
_ADDITIONS = 8_000

app = Jobhive()  # where $JOBHIVE_URL says, which the bench sets


@app.job(queue="warm")
async def noop(number: int) -> None:
    """Nothing: what is measured is everything around it."""


@app.job(queue="warm")
async def compute(number: int) -> int:
    """About 0.1 ms of arithmetic, the least that a real handler does."""
    return sum(range(number, number + _ADDITIONS))


@app.job(queue="io")
async def wait(number: int) -> None:
    """Waits as a call to another service does."""
    await asyncio.sleep(_IO_SECONDS)


@app.job(queue="idle")
async def start(asked_at_ns: int) -> int:
    """How many nanoseconds after it was asked for it began."""
    return time.time_ns() - asked_at_ns


@app.job(queue="idle")
async def tell(ctx: Context, events: int) -> None:
    """Tells so many events, as fast as they are taken."""
    for number in range(events):
        await ctx.emit("token", text="token", number=number)


@app.job(queue="idle")
async def tell_paced(ctx: Context, events: int, per_second: float, padding: int = 0) -> None:
    """Tells so many events at that pace; each carries its time of origin, in nanoseconds since 1970, and `padding`
    bytes more."""
    text = "x" * padding
    for number in range(events):
        await asyncio.sleep(1 / per_second)
        await ctx.emit("token", number=number, told_at_ns=time.time_ns(), text=text)
