"""How fast one job's events are stored."""

from jobhive.bench.workload import tell

_LEAST_SECONDS = 0.001  # events tell their time in milliseconds


async def events_per_second(count: int) -> float:
    """Of a job that tells so many as fast as it can: from its first event to its last, by the events' own times."""
    handle = await tell.enqueue(count)
    await handle.result()
    told = [event.at async for event in handle.stream(after=1)]
    return round(count / max((told[-1] - told[0]).total_seconds(), _LEAST_SECONDS), 1)
