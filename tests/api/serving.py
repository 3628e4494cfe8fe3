"""A server in a process of its own: `python -m tests.api.serving DATABASE` prints its address and serves on."""

import asyncio
import sys
from pathlib import Path

from jobhive.api import Server, create_api
from jobhive.store.sqlite import SqliteStore
from tests.api.conftest import Changes, services_on


async def serve(path: Path) -> None:
    """Runs until the process ends."""
    store = SqliteStore(path)
    await store.open()
    server = Server(create_api(services_on(store, Changes())), "127.0.0.1", 0)
    await server.start()
    sys.stdout.write(f"{server.url}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
