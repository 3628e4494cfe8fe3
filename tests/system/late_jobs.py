"""Jobs that write late: each in a manner of its own, once a file is there."""

import asyncio
import time
from pathlib import Path

from jobhive import Cancel, Context, Discard, Jobhive, Retry, Snooze, SyncContext

app = Jobhive()

_ENDS: dict[str, Exception] = {
    "fail": ValueError("late"),
    "retry": Retry("late", after=0),
    "snooze": Snooze(0),
    "cancel": Cancel("late"),
    "discard": Discard("late"),
}
MANNERS = ("return", *_ENDS, "tell")


@app.job()
async def write_late(ctx: Context, go: str, manner: str) -> str:
    await ctx.log("in time")
    await asyncio.to_thread(_until_there, go)
    while manner == "tell":
        await ctx.progress("late")
        await ctx.settled()
    if manner in _ENDS:
        raise _ENDS[manner]
    return "late"


@app.job()
def write_late_in_thread(ctx: SyncContext, go: str, manner: str) -> str:
    ctx.log("in time")
    _until_there(go)
    while manner == "tell":
        ctx.progress("late")
    if manner in _ENDS:
        raise _ENDS[manner]
    return "late"


def _until_there(go: str) -> None:
    while not Path(go).exists():
        time.sleep(0.002)
