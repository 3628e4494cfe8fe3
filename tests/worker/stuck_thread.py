"""A program with a job that runs out of time in a thread that never ends."""

import asyncio
import sys
import threading

from jobhive import FailedJob, Jobhive

app = Jobhive(sys.argv[1])


@app.job(timeout=0.01, max_retries=0)
def hang() -> None:
    threading.Event().wait()


async def main() -> None:
    async with app:
        handle = await hang.enqueue()
        await app.run_until_idle()
        job = await handle.job()
        assert isinstance(job, FailedJob)
        sys.stdout.write(f"failed {job.error.code}\n")


if __name__ == "__main__":
    asyncio.run(main())
