"""How fast jobs are stored: by one caller, by many at once, in batches."""

import asyncio
import time
from collections.abc import Iterator

from jobhive.bench.figures import per_second
from jobhive.bench.plan import BATCH
from jobhive.bench.workload import noop
from jobhive.client.function import Enqueuer


async def enqueue_one_by_one(count: int) -> float:
    """Jobs per second of a caller that awaits each."""
    began = time.perf_counter()
    await _call(iter(range(count)))
    return per_second(count, began)


async def enqueue_concurrently(count: int, callers: int) -> float:
    """Jobs per second of so many such callers together."""
    numbers, began = iter(range(count)), time.perf_counter()
    await asyncio.gather(*(_call(numbers) for _ in range(callers)))
    return per_second(count, began)


async def enqueue_batches(kind: Enqueuer[[int], None], count: int) -> float:
    """Jobs per second of one caller that awaits each batch."""
    began = time.perf_counter()
    for first in range(0, count, BATCH):
        await kind.enqueue_many({"number": number} for number in range(first, min(first + BATCH, count)))
    return per_second(count, began)


async def _call(numbers: Iterator[int]) -> None:
    for number in numbers:
        await noop.enqueue(number)
