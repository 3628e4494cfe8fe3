"""How long a token takes from the handler that tells it to a reader of its stream over HTTP.

Server and worker are processes of their own, as under `jobhive up`; this process reads.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator

import httpx2

from benchmarks.installation import Installation, measured
from jobhive.bench.figures import Quantiles, quantiles

_WANTED_P50_MS = 15.0
_DATA = "data: "
_DONE = "[DONE]"


async def measure(tokens: int, per_second: float) -> Quantiles:
    """Delay of each token from the handler to this reader, in milliseconds."""
    return quantiles(await measured(lambda installation: _read(installation, tokens, per_second)))


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
