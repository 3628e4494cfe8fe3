"""How long one job takes where nothing else is to be done."""

import asyncio
import time
from typing import NamedTuple

from jobhive.bench.figures import Quantiles, quantiles
from jobhive.bench.workload import start

_SECONDS_BETWEEN = 0.005  # until the job before is forgotten


class Latency(NamedTuple):
    """From the call of `enqueue`."""

    start_ms: Quantiles  # to the handler's first line
    result_ms: Quantiles  # to the return of `result`


async def latency(samples: int) -> Latency:
    """One job at a time, from this process to a worker and back."""
    both = [await _sample() for _ in range(samples)]
    return Latency(quantiles([started for started, _ in both]), quantiles([returned for _, returned in both]))


async def _sample() -> tuple[int, int]:
    await asyncio.sleep(_SECONDS_BETWEEN)
    asked_at_ns = time.time_ns()
    handle = await start.enqueue(asked_at_ns)
    return await handle.result(), time.time_ns() - asked_at_ns
