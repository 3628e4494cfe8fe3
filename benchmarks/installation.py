"""A server and a worker of the bench's jobs, in processes of their own as under `jobhive up`."""

import asyncio
import os
import socket
import tempfile
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

import httpx2
import psutil

from jobhive import Jobhive
from jobhive.bench.workers import beside
from jobhive.worker.supervisor import Program

T = TypeVar("T")

HOST = "127.0.0.1"
_APP = "jobhive.bench.workload:app"
_POLL_SECONDS = 0.1


class Installation(NamedTuple):
    """What a measurement talks to."""

    app: Jobhive  # the same store, from this process
    client: httpx2.AsyncClient  # of the server
    port: int

    async def submit(self, kind: str, **params: float) -> str:
        """A job's stream, relative to the server."""
        created = await self.client.post("/v1/jobs", json={"kind": kind, "params": params})
        created.raise_for_status()
        return str(created.json()["sse_url"])

    def server(self) -> psutil.Process:
        """The server's process."""
        [found] = [each for each in psutil.Process().children(recursive=True) if "serve" in each.cmdline()]
        return found


async def measured(work: Callable[[Installation], Coroutine[object, object, T]], url: str | None = None) -> T:
    """Does the work beside an installation of its own, once that answers; on a file of its own if no store is named.

    Server and worker have a folder each, as on two machines.
    """
    with tempfile.TemporaryDirectory(prefix="jobhive-bench-") as folder:
        port = _free_port()
        os.environ["JOBHIVE_URL"] = url or str(Path(folder, "jobhive.db"))
        os.environ.setdefault("JOBHIVE_LOG_LEVEL", "warning")
        programs = [
            Program("server", ("serve", "--app", _APP, "--port", str(port), "--data", f"{folder}/a")),
            Program("worker", ("worker", "--app", _APP, "--processes", "1", "--data", f"{folder}/b")),
        ]
        async with Jobhive(data=Path(folder)) as app:
            return await beside(app.store, programs, lambda: _worked(app, port, work))


async def _worked(app: Jobhive, port: int, work: Callable[[Installation], Coroutine[object, object, T]]) -> T:
    async with _answering(port) as client:
        return await work(Installation(app, client, port))


@asynccontextmanager
async def _answering(port: int) -> AsyncGenerator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=f"http://{HOST}:{port}", timeout=60, trust_env=False) as client:
        while not await _answers(client):
            pass
        yield client


async def _answers(client: httpx2.AsyncClient) -> bool:
    try:
        return (await client.get("/health")).is_success
    except httpx2.ConnectError:
        await asyncio.sleep(_POLL_SECONDS)
        return False


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
