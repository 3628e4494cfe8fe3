"""How long an attempt may take, and how long it may tell nothing."""

import asyncio
import time
from collections.abc import Awaitable, Iterable, Sequence
from datetime import timedelta
from typing import assert_never

from jobhive.client.registry import Kinds
from jobhive.core.kind import Kind
from jobhive.core.receipt import Claim
from jobhive.worker.attempts import Attempt
from jobhive.worker.line import Due, Limit


class AttemptTimeout(Exception):
    """The attempt took longer than its kind allows."""

    code = "TIMEOUT"


class AttemptStalled(Exception):
    """The attempt told nothing for longer than its kind allows."""

    code = "STALLED"


def overrun(kind: Kind, limit: Limit) -> Exception:
    """The error of an attempt that passed this limit of its kind."""
    match limit:
        case "timeout":
            return AttemptTimeout(f"the attempt took longer than its timeout of {_seconds(kind.timeout):g} s")
        case "stall":
            seconds = _seconds(kind.stall_timeout)
            return AttemptStalled(f"the attempt told nothing for its stall timeout of {seconds:g} s")
    assert_never(limit)


def is_limited(kind: Kind) -> bool:
    """Whether there is any limit to watch."""
    return kind.timeout is not None or kind.stall_timeout is not None


async def bounded(called: Awaitable[object], attempt: Attempt) -> object:
    """What is awaited, for an attempt of a limited kind. Raises AttemptTimeout, AttemptStalled."""
    attempt.begun_at = time.monotonic()
    watch = _Watch(attempt)
    try:
        async with watch.bound:
            watch.look()
            return await called
    except TimeoutError:
        if watch.passed is not None:
            raise overrun(attempt.handler.kind, watch.passed) from None
        raise
    finally:
        watch.stop()


def due_of(attempt: Attempt) -> Due | None:
    """When the attempt should have ended at the latest, if it goes on as it does now and has such a time."""
    if attempt.has_ended or not is_limited(attempt.handler.kind):
        return None
    begun_at = attempt.begun_at or time.monotonic()
    told_at = begun_at if attempt.context is None else max(attempt.context.told_at, begun_at)
    return _due(attempt.handler.kind, begun_at, told_at)


class ClaimLimits:
    """The same for jobs that were just claimed, at no cost for kinds without limits."""

    def __init__(self, kinds: Kinds) -> None:
        self._limited = {handler.kind.name: handler.kind for handler in kinds if is_limited(handler.kind)}

    def due(self, claims: Sequence[Claim]) -> dict[str, Due]:
        """By job id."""
        if not self._limited:
            return {}
        now = time.monotonic()
        limited = [(claim.job_id, self._limited.get(claim.kind)) for claim in claims]
        return {job_id: _due(kind, now, now) for job_id, kind in limited if kind is not None}


class _Watch:
    """Looks when the attempt would be due, as it was at the last look. Its bound then ends what is awaited."""

    def __init__(self, attempt: Attempt) -> None:
        self.bound = asyncio.timeout(None)
        self.passed: Limit | None = None
        self._attempt = attempt
        self._timer: asyncio.TimerHandle | None = None

    def look(self) -> None:
        due = due_of(self._attempt)
        if due is None:
            return
        loop, seconds_left = asyncio.get_running_loop(), due.at - time.monotonic()
        if seconds_left > 0:
            self._timer = loop.call_later(seconds_left, self.look)
        else:
            self.passed = due.limit
            self.bound.reschedule(loop.time())

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def _due(kind: Kind, begun_at: float, told_at: float) -> Due:
    """The earlier of both; of a limited kind."""
    limits: Iterable[tuple[timedelta | None, float, Limit]] = (
        (kind.timeout, begun_at, "timeout"),
        (kind.stall_timeout, told_at, "stall"),
    )
    return min(Due(since + limit.total_seconds(), name) for limit, since, name in limits if limit is not None)


def _seconds(limit: timedelta | None) -> float:
    return 0.0 if limit is None else limit.total_seconds()
