"""The jobs that `jobhive demo` shows, beside the built-in kinds. Written as a user would write them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

from jobhive import Backoff, Context, SyncContext
from jobhive.app import default_app

app = default_app()


@app.job()
async def thumbnails(ctx: Context, images: int) -> int:
    """Makes thumbnails and tells how far it is."""
    for done in range(1, images + 1):
        await asyncio.sleep(0.05)
        await ctx.progress("resizing", percentage=100 * done / images, message=f"image {done} of {images}")
    return images


@app.job(max_retries=3, backoff=Backoff(base=timedelta(milliseconds=300)))
def sync_inventory(ctx: SyncContext, warehouse: str) -> str:
    """Fails twice, as services do; the third attempt succeeds."""
    ctx.log(f"asking {warehouse}, attempt {ctx.attempt}")
    if ctx.attempt < 3:
        raise ConnectionError(f"{warehouse} does not answer")
    return f"{warehouse} is in sync"


@app.job()
async def count(n: int) -> AsyncIterator[int]:
    """Streams numbers, slowly enough that something can go wrong meanwhile."""
    for number in range(1, n + 1):
        await asyncio.sleep(0.25)
        yield number
