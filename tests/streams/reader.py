"""A program that reads a job's stream and prints each event, as one JSON array a line, as it comes."""

import asyncio
import json
import sys
from pathlib import Path

from jobhive.store.sqlite import SqliteStore
from jobhive.streams.reader import StreamReader


async def main(url: str, job_id: str) -> None:
    store = SqliteStore(Path(url.removeprefix("sqlite:///")))
    await store.open()
    async for event in StreamReader(store).read(job_id):
        line = json.dumps([event.seq, event.type, event.data, event.at.isoformat()])
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
