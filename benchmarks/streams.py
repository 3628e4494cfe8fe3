"""Streams under load: how many events a worker stores, hundreds of readers, and readers that take nothing.

Server and worker are processes of their own, as under `jobhive up`; this process reads.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import psutil

from benchmarks.installation import Installation, measured
from benchmarks.readers import Reader, ended, frozen, opened
from jobhive.bench.figures import Quantiles, quantiles

_FAST_EVENTS = 100_000
_TOKENS_PER_SECOND = 50
_PADDING = 40_000  # bytes of an event that frozen readers do not take
_HEALTHY = 10  # readers beside the frozen ones
_SECONDS_BETWEEN_LOOKS = 0.05
_MIB = 1 << 20

_WANTED_EVENTS_PER_S = 20_000
_WANTED_P99_MS = 250
_WANTED_MIB = 64


@dataclass(frozen=True, slots=True)
class Many:
    """Readers of one stream over HTTP, from one server process."""

    readers: int
    is_exact: bool  # whether all saw the same bytes, with every event in them
    delay_ms: Quantiles  # of every event at every reader
    server_cpu_share: float  # of one core


@dataclass(frozen=True, slots=True)
class Frozen:
    """Readers that take nothing, beside some that do."""

    readers: int
    others_delay_ms: Quantiles
    server_grew_mib: float  # at most, while a stream of many times that size was told


@dataclass(frozen=True, slots=True)
class Figures:
    """All of it."""

    events_per_s: float  # durable, of one worker
    many: Many
    frozen: Frozen


async def figures(installation: Installation, readers: int, frozen_readers: int, tokens: int) -> Figures:
    """One thing after the other."""
    events_per_s = await _events_per_s(installation)
    many = await _many(installation, readers, tokens)
    return Figures(events_per_s, many, await _frozen(installation, frozen_readers, tokens))


async def _events_per_s(installation: Installation) -> float:
    """From the job's start to its end, which is recorded once all its events are stored."""
    stream = await installation.submit("tell", events=_FAST_EVENTS)
    await _read(installation, stream)
    head, _ = await installation.app.store.events.read(stream.split("/")[-2], 0, 0)
    assert head.started_at_ms is not None
    assert head.finished_at_ms is not None
    return round(_FAST_EVENTS * 1000 / (head.finished_at_ms - head.started_at_ms), 1)


async def _read(installation: Installation, stream: str) -> None:
    await ended(await opened(installation.port, stream, 1))


async def _many(installation: Installation, count: int, tokens: int) -> Many:
    stream = await installation.submit("tell_paced", events=tokens, per_second=_TOKENS_PER_SECOND)
    readers = await opened(installation.port, stream, count)
    server, began, began_ns = installation.server(), time.monotonic(), time.time_ns()
    used = _cpu_seconds(server)
    await ended(readers)
    share = (_cpu_seconds(server) - used) / (time.monotonic() - began)
    texts = {reader.text() for reader in readers}
    is_exact = len(texts) == 1 and texts.pop().count(b"told_at_ns") == tokens
    return Many(count, is_exact, _delays(readers, began_ns), round(share, 2))


async def _frozen(installation: Installation, count: int, tokens: int) -> Frozen:
    """Half of them at a stream that is told meanwhile, half at one that was told before, which also warms up."""
    told, port = await _padded(installation, tokens), installation.port
    await _watched(installation, told)
    before = installation.server().memory_info().rss
    stream = await _padded(installation, tokens)
    async with frozen(port, stream, count - count // 2), frozen(port, told, count // 2):
        delay_ms, most = await _watched(installation, stream)
    return Frozen(count, delay_ms, round((most - before) / _MIB, 1))


async def _padded(installation: Installation, tokens: int) -> str:
    return await installation.submit("tell_paced", events=tokens, per_second=_TOKENS_PER_SECOND, padding=_PADDING)


async def _watched(installation: Installation, stream: str) -> tuple[Quantiles, int]:
    """The delays of healthy readers, and the most memory that the server had meanwhile, in bytes."""
    readers = await opened(installation.port, stream, _HEALTHY)
    began_ns = time.time_ns()
    server, most = installation.server(), 0
    reading = asyncio.create_task(ended(readers))
    while not reading.done():
        most = max(most, server.memory_info().rss)
        await asyncio.wait({reading}, timeout=_SECONDS_BETWEEN_LOOKS)
    await reading
    return _delays(readers, began_ns), most


def _delays(readers: Sequence[Reader], since_ns: int) -> Quantiles:
    return quantiles([delay for reader in readers for delay in reader.delays_ns(since_ns)])


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def targets(found: Figures) -> list[tuple[str, bool]]:
    """What is wanted, in words with the figure, and whether it was found."""
    many, few = found.many, found.frozen
    return [
        (
            f"{found.events_per_s:,.0f} events/s stored (at least {_WANTED_EVENTS_PER_S:,})",
            found.events_per_s >= _WANTED_EVENTS_PER_S,
        ),
        (f"{many.readers} readers see the same events, all of them", many.is_exact),
        (
            f"{few.readers} frozen readers: others' p99 {few.others_delay_ms.p99:.0f} ms (at most {_WANTED_P99_MS})",
            few.others_delay_ms.p99 <= _WANTED_P99_MS,
        ),
        (
            f"{few.readers} frozen readers: the server grew by {few.server_grew_mib} MiB (at most {_WANTED_MIB})",
            few.server_grew_mib <= _WANTED_MIB,
        ),
    ]


def main() -> None:
    """Command line. Exit code 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=500)
    parser.add_argument("--frozen", type=int, default=50)
    parser.add_argument("--tokens", type=int, default=500, help="events of a stream that is read")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    if min(asked.readers, asked.frozen, asked.tokens) < 1:
        parser.error("--readers, --frozen and --tokens are 1 or more")
    found = asyncio.run(measured(lambda installation: figures(installation, asked.readers, asked.frozen, asked.tokens)))
    if asked.json:
        print(json.dumps(asdict(found)))
    else:
        for sentence, holds in targets(found):
            print(f"{'ok  ' if holds else 'FAIL'}  {sentence}")
        many = found.many
        print(
            f"      {many.readers} readers: p50 {many.delay_ms.p50:.0f} ms, p99 {many.delay_ms.p99:.0f} ms, "
            f"{100 * many.server_cpu_share:.0f} % of a core in the server"
        )
    sys.exit(not all(holds for _, holds in targets(found)))


if __name__ == "__main__":
    main()
