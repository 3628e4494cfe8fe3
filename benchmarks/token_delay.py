"""How long a token takes from the handler that tells it to a reader of its stream over HTTP.

Server and worker are processes of their own, as under `jobhive up`; this process reads. On PostgreSQL they have nothing
but that in common, as on two machines.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import nullcontext

import httpx2

from benchmarks.installation import Installation, measured
from benchmarks.postgres_drivers import fresh_schema
from jobhive.bench.figures import ranked

_WANTED_P50_MS, _WANTED_P50_ELSEWHERE_MS = 15.0, 30.0
_SHARES = (0.50, 0.95, 0.99)
_DATA = "data: "
_DONE = "[DONE]"


async def measure(tokens: int, per_second: float, url: str | None) -> dict[str, float]:
    """Delay of the tokens from the handler to this reader, in milliseconds: `p50`, `p95` and `p99`."""
    delays = sorted(await measured(lambda installation: _read(installation, tokens, per_second), url))
    return {f"p{100 * share:.0f}": ranked(delays, share) for share in _SHARES}


async def _read(installation: Installation, tokens: int, per_second: float) -> list[int]:
    stream = await installation.submit("tell_paced", events=tokens, per_second=per_second)
    async with installation.client.stream("GET", stream) as response:
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


def main() -> None:
    """Command line. Exit code 1 where the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=1_000)
    parser.add_argument("--per-second", type=float, default=100.0)
    parser.add_argument("--url", help="a PostgreSQL database in which schemas may be made and dropped; else SQLite")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    if arguments.tokens < 1 or arguments.per_second <= 0:
        parser.error("--tokens is 1 or more and --per-second above 0")
    wanted = _WANTED_P50_ELSEWHERE_MS if arguments.url else _WANTED_P50_MS
    with fresh_schema(arguments.url) if arguments.url else nullcontext() as url:
        delay_ms = asyncio.run(measure(arguments.tokens, arguments.per_second, url))
    holds = delay_ms["p50"] <= wanted
    if arguments.json:
        print(json.dumps({"tokens": arguments.tokens, "delay_ms": delay_ms}))
    else:
        told = ", ".join(f"{name} {delay:.1f} ms" for name, delay in delay_ms.items())
        print(f"token delay: {told}  {'ok' if holds else 'FAIL'}  (p50 at most {wanted:g} ms)")
    sys.exit(not holds)


if __name__ == "__main__":
    main()
