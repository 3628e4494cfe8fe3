"""Writes what attempts led to, many at a time. What the store refuses belongs to somebody else and is thrown away.

So is what cannot be written for most of a lease that is renewed: a result that nobody can record must not keep its job
for ever. Where leases cannot be renewed either, everything waits for the store.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

from jobhive.background import Background
from jobhive.core.errors import StoreError
from jobhive.core.outcome import Cancel, Complete, Fail, Move, Release, Schedule
from jobhive.failpoints import failpoint
from jobhive.narration import Episode, narrate
from jobhive.store.port import WorkerJobs
from jobhive.worker.attempts import Attempt, Attempts, Stop

_PATIENT_SHARE = 0.9  # of the lease; where that is not renewed either, it is in doubt before
_FEWEST_TRIES = 8  # in that time


class Finisher(Background):
    """Takes moves from attempts and writes them until the store has answered."""

    name = "finisher"

    def __init__(
        self,
        jobs: WorkerJobs,
        attempts: Attempts,
        lease: timedelta,
        error_backoff: float,
        written: Callable[[Move], None],
    ) -> None:
        self._jobs = jobs
        self._attempts = attempts
        self._patience = _PATIENT_SHARE * lease.total_seconds()  # with a move, from its first failure on
        self._error_backoff = min(error_backoff, self._patience / _FEWEST_TRIES)  # seconds between tries
        self._written = written  # told of every accepted move
        self._moves: dict[Attempt, Move] = {}  # handed over, not yet written
        self._given_up_at: dict[Attempt, float] = {}  # monotonic, of moves that failed to be written at least once
        self._handed = asyncio.Event()  # set by `hand_over`, cleared by the loop before it looks
        self._idle = asyncio.Event()  # set while nothing waits to be written
        self._idle.set()
        self._trouble = Episode(self.name, "results")

    def hand_over(self, attempt: Attempt, move: Move) -> None:
        """The attempt has ended; its lease is kept until the move is written."""
        if not self._moves:
            self._handed.set()
            self._idle.clear()
        self._moves[attempt] = move

    async def drain(self, timeout: float) -> None:
        """Waits at most `timeout` seconds until all is written."""
        try:
            async with asyncio.timeout(timeout):
                await self._idle.wait()
        except TimeoutError:
            sentence = "the store did not answer in time"
            narrate("finisher", "gave up", f"{len(self._attempts)} results", sentence, level="error")

    async def _run(self) -> None:
        while True:
            await self._handed.wait()
            self._handed.clear()
            while self._moves:
                batch, self._moves = self._moves, {}
                await self._write(batch)
            self._idle.set()

    async def _write(self, batch: dict[Attempt, Move]) -> None:
        failpoint("finisher.before_write")
        try:
            accepted = set(await self._jobs.finish(list(batch.values())))
        except StoreError as error:
            self._trouble.begin(str(error))
            self._moves = self._worth_another_try(batch, error) | self._moves
            await asyncio.sleep(self._error_backoff)
            return
        self._trouble.end()
        failpoint("finisher.written")
        self._given_up_at.clear()
        self._attempts.drop(batch)
        for attempt, move in batch.items():
            if move.job_id not in accepted:
                _tell_refused(attempt)
                continue
            self._written(move)
            if not isinstance(move, Complete):  # there are thousands of results each second
                _tell(attempt, move)

    def _worth_another_try(self, batch: dict[Attempt, Move], error: StoreError) -> dict[Attempt, Move]:
        """Those whose lease can still be ours; the others are dropped, and with them the renewal of their leases."""
        now = time.monotonic()
        for attempt in batch:
            self._given_up_at.setdefault(attempt, now + self._patience)
        hopeless = [attempt for attempt in batch if self._is_hopeless(attempt, now)]
        self._attempts.drop(hopeless)
        for attempt in hopeless:
            del self._given_up_at[attempt]
            _tell_hopeless(attempt, error)
        return {attempt: move for attempt, move in batch.items() if attempt in self._given_up_at}

    def _is_hopeless(self, attempt: Attempt, now: float) -> bool:
        if attempt.stop is Stop.DOUBT:
            return False
        return attempt.stop is Stop.LOST or now >= self._given_up_at[attempt]


def _tell_hopeless(attempt: Attempt, error: StoreError) -> None:
    sentence = f"its end could not be recorded in time; its job is taken back when its lease ends: {error}"
    narrate("finisher", "gave up", attempt.claim.kind, sentence, job_id=attempt.claim.job_id, level="error")


def _tell_refused(attempt: Attempt) -> None:
    sentence = "the job belongs to another worker by now; this attempt's work is thrown away"
    narrate("finisher", "dropped", attempt.claim.kind, sentence, job_id=attempt.claim.job_id, level="warning")


def _tell(attempt: Attempt, move: Fail | Schedule | Cancel | Release) -> None:
    action, sentence = _words(move)
    narrate("worker", action, attempt.claim.kind, sentence, job_id=move.job_id, level="info")


def _words(move: Fail | Schedule | Cancel | Release) -> tuple[str, str]:
    match move:
        case Fail(error=error):
            return "failed", f"given up: {error.type}: {error.message}"
        case Schedule(delay_ms=delay_ms, error=error):
            why = "asked for it" if error is None else f"{error.type}: {error.message}"
            return move.reason, f"{why}; runs again in {delay_ms / 1000:g} s"
        case Cancel(reason=reason):
            return "cancelled", reason
        case Release(reason=reason):
            return "released", reason
