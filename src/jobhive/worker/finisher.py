"""Writes what attempts led to, many at a time. What the store refuses belongs to somebody else and is thrown away."""

import asyncio
from collections.abc import Callable

from jobhive.core.errors import StoreError
from jobhive.core.outcome import Cancel, Complete, Fail, Move, Release, Schedule
from jobhive.narration import Episode, narrate
from jobhive.store.port import WorkerJobs
from jobhive.worker.attempts import Attempt, Attempts

_MOST_PER_WRITE = 1_000


class Finisher:
    """Takes moves from attempts and writes them until the store has answered. Runs from `start` to `stop`."""

    def __init__(
        self, jobs: WorkerJobs, attempts: Attempts, error_backoff: float, written: Callable[[Move], None]
    ) -> None:
        self._jobs = jobs
        self._attempts = attempts
        self._error_backoff = error_backoff  # seconds between tries while the store does not answer
        self._written = written  # told of every accepted move
        self._moves: dict[Attempt, Move] = {}  # handed over, not yet written
        self._handed = asyncio.Event()  # set by `hand_over`, cleared by the loop before it looks
        self._idle = asyncio.Event()  # set while nothing waits to be written
        self._idle.set()
        self._trouble = Episode("finisher", "results")
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._moves)

    def hand_over(self, attempt: Attempt, move: Move) -> None:
        """The attempt has ended; its lease is kept until the move is written."""
        self._moves[attempt] = move
        self._handed.set()
        self._idle.clear()

    def start(self) -> None:
        """Begins to write."""
        self._task = asyncio.create_task(self._run(), name="jobhive-finisher")

    async def drain(self, timeout: float) -> None:
        """Waits at most `timeout` seconds until all is written."""
        try:
            async with asyncio.timeout(timeout):
                await self._idle.wait()
        except TimeoutError:
            narrate("finisher", "gave up", f"{len(self)} moves", "the store did not answer in time", level="error")

    async def stop(self) -> None:
        """Ends the loop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _run(self) -> None:
        while True:
            await self._handed.wait()
            self._handed.clear()
            while batch := dict(list(self._moves.items())[:_MOST_PER_WRITE]):
                await self._write(batch)
            self._idle.set()

    async def _write(self, batch: dict[Attempt, Move]) -> None:
        try:
            accepted = set(await self._jobs.finish(list(batch.values())))
        except StoreError as error:
            self._trouble.begin(str(error))
            await asyncio.sleep(self._error_backoff)
            return
        self._trouble.end()
        for attempt, move in batch.items():
            del self._moves[attempt]
            self._attempts.drop(attempt)
            self._tell(attempt, move, is_accepted=move.job_id in accepted)

    def _tell(self, attempt: Attempt, move: Move, *, is_accepted: bool) -> None:
        if not is_accepted:
            sentence = "the job belongs to another worker by now; this attempt's work is thrown away"
            narrate("finisher", "dropped", attempt.claim.kind, sentence, job_id=move.job_id, level="warning")
            return
        self._written(move)
        words = _words(move)
        if words is not None:
            action, sentence = words
            narrate("worker", action, attempt.claim.kind, sentence, job_id=move.job_id, level="info")


def _words(move: Move) -> tuple[str, str] | None:
    """What to tell of a move; nothing of a result, for there are thousands each second."""
    match move:
        case Complete():
            return None
        case Fail(error=error):
            return "failed", f"given up: {error.type}: {error.message}"
        case Schedule(delay_ms=delay_ms, error=error):
            why = "asked for it" if error is None else f"{error.type}: {error.message}"
            return move.reason, f"{why}; runs again in {delay_ms / 1000:g} s"
        case Cancel(reason=reason):
            return "cancelled", reason
        case Release(reason=reason):
            return "released", reason
