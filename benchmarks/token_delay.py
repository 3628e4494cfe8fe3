"""How long a token takes from the handler that tells it to a reader of its stream over HTTP.

Server and worker are processes of their own, as under `jobhive up`; this process reads.
"""

import argparse
import asyncio
import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from jobhive import Jobhive
from jobhive.bench.figures import Quantiles, quantiles
from jobhive.bench.workers import beside
from jobhive.worker.supervisor import Program

_APP = "jobhive.bench.workload:app"
_WANTED_P50_MS = 15.0
_POLL_SECONDS = 0.1
_DATA = "data: "
_DONE = "[DONE]"


async def measure(tokens: int, per_second: float) -> Quantiles:
    """Delay of each token from the handler to this reader, in milliseconds."""
    with tempfile.TemporaryDirectory(prefix="jobhive-tokens-") as folder:
        port = _free_port()
        os.environ["JOBHIVE_URL"] = str(Path(folder, "jobhive.db"))
        os.environ.setdefault("JOBHIVE_LOG_LEVEL", "warning")
        programs = [
            Program("server", ("serve", "--app", _APP, "--port", str(port))),
            Program("worker", ("worker", "--app", _APP, "--processes", "1")),
        ]
        async with Jobhive() as app:
            return await beside(app.store, programs, lambda: _measured(port, tokens, per_second))


async def _measured(port: int, tokens: int, per_second: float) -> Quantiles:
    async with _client(port) as client:
        return quantiles(await _read(client, tokens, per_second))


async def _read(client: httpx2.AsyncClient, tokens: int, per_second: float) -> list[int]:
    params = {"events": tokens, "per_second": per_second}
    created = await client.post("/v1/jobs", json={"kind": "tell_paced", "params": params})
    created.raise_for_status()
    async with client.stream("GET", created.json()["sse_url"]) as response:
        delays = [delay async for delay in _delays(response)]
    assert len(delays) == tokens, f"{len(delays)} of {tokens} tokens came"
    return delays


async def _delays(response: httpx2.Response) -> AsyncIterator[int]:
    """Nanoseconds, token by token, as they come."""
    async for line in response.aiter_lines():
        if line.startswith(_DATA) and not line.endswith(_DONE):
            seen_at_ns = time.time_ns()
            event = json.loads(line.removeprefix(_DATA))
            if event["type"] == "token":
                yield seen_at_ns - event["told_at_ns"]


@asynccontextmanager
async def _client(port: int) -> AsyncGenerator[httpx2.AsyncClient]:
    """Once the server answers."""
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
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
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def main() -> None:
    """Command line. Exit code 1 where the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=1_000)
    parser.add_argument("--per-second", type=float, default=100.0)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    if arguments.tokens < 1 or arguments.per_second <= 0:
        parser.error("--tokens is 1 or more and --per-second above 0")
    delay_ms = asyncio.run(measure(arguments.tokens, arguments.per_second))
    holds = delay_ms.p50 <= _WANTED_P50_MS
    if arguments.json:
        print(json.dumps({"tokens": arguments.tokens, "delay_ms": {"p50": delay_ms.p50, "p99": delay_ms.p99}}))
    else:
        verdict = f"{'ok' if holds else 'FAIL'}  (p50 at most {_WANTED_P50_MS:g} ms)"
        print(f"token delay: p50 {delay_ms.p50:.1f} ms, p99 {delay_ms.p99:.1f} ms  {verdict}")
    sys.exit(not holds)


if __name__ == "__main__":
    main()
