"""What the bench finds, and how it is counted."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

_NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Of a duration, in milliseconds."""

    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Figures:
    """One run. The names are those of `jobhive bench --json`."""

    store: str  # the engine
    jobs: int
    enqueue_one_per_s: float  # one caller, each awaited
    enqueue_concurrent_per_s: float  # many callers at once
    enqueue_many_per_s: float  # in batches
    drain_per_s: float
    drain_processes: int
    io_per_s: float
    start_ms: Quantiles  # idle: from the call of `enqueue` to the handler's first line
    result_ms: Quantiles  # idle: from the call of `enqueue` to the return of `result`
    events_per_s: float  # of one job, stored
    lost: int  # jobs that are not complete in the end
    doubled: int  # jobs that took more than one attempt


def per_second(count: int, began: float) -> float:
    """Rate since `began`, a `time.perf_counter()`."""
    return round(count / (time.perf_counter() - began), 1)


def quantiles(durations_ns: Sequence[int]) -> Quantiles:
    """Of at least one duration in nanoseconds, by nearest rank."""
    ordered = sorted(durations_ns)
    return Quantiles(ranked(ordered, 0.50), ranked(ordered, 0.99))


def ranked(ordered: Sequence[int], share: float) -> float:
    """That share of these nanoseconds is not above it; in milliseconds."""
    return round(ordered[math.ceil(share * len(ordered)) - 1] / _NS_PER_MS, 3)
