"""A worker program whose one kind of job never ends."""

import asyncio
import sys

from jobhive import Context, Jobhive

app = Jobhive(sys.argv[1])


@app.job()
async def wait(ctx: Context) -> str:
    sys.stdout.write(f"{ctx.job_id}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()
    return "done there"


async def main() -> None:
    async with app, app.worker():
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
