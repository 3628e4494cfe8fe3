"""A worker: the parts of this room put together, started and stopped in order."""

import asyncio
import os
import socket
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from random import Random
from typing import Literal

from jobhive.client.registry import Kinds
from jobhive.core.errors import WorkerFailed
from jobhive.core.ids import new_worker_id
from jobhive.core.outcome import Complete, Fail, Move
from jobhive.core.receipt import Claim, Receipt
from jobhive.core.record import WorkerRecord
from jobhive.failpoints import failpoint
from jobhive.narration import narrate
from jobhive.store.port import Liveness, Store
from jobhive.streams.writer import StreamWriter
from jobhive.worker.attempts import Attempt, Attempts, Stop
from jobhive.worker.cancels import CancelWatch
from jobhive.worker.child import Post
from jobhive.worker.claimer import Claimer, Take
from jobhive.worker.entrusted import EntrustedLeases
from jobhive.worker.executor import Executor
from jobhive.worker.finisher import Finisher
from jobhive.worker.handling import Handling
from jobhive.worker.heartbeat import Heartbeat
from jobhive.worker.lease import LeaseKeeper
from jobhive.worker.limits import ClaimLimits
from jobhive.worker.slots import Slots
from jobhive.worker.taking import Choice, at_most, chosen, claim_request, next_in_line, until_none_is_left

DEFAULT_CONCURRENCY = 100
DEFAULT_POLL_SECONDS = 2.0
DEFAULT_ERROR_BACKOFF_SECONDS = 1.0
DEFAULT_GRACE_SECONDS = 60.0
_BEATS_PER_LEASE = 6
_SECONDS_TO_OBEY = 1.5  # for a handler that was told to stop, in a process too: with the rest, 2 s beyond the grace


class Worker:
    """Runs jobs of its kinds from its queues, on the running loop. One use: `start`, then `stop`."""

    def __init__(
        self,
        store: Store,
        kinds: Kinds,
        *,
        name: str = "worker",
        queues: Sequence[str] | None = None,
        concurrency: int = DEFAULT_CONCURRENCY,
        poll_interval: float = DEFAULT_POLL_SECONDS,
        error_backoff: float = DEFAULT_ERROR_BACKOFF_SECONDS,
        choose: Choice | None = None,
        max_jobs: int | None = None,
        post: Post | None = None,
    ) -> None:
        """`max_jobs`: after so many it is worn out; `post`: its place under its supervisor, where it has one."""
        if concurrency < 1:
            raise ValueError(f"a worker's concurrency is 1 or more, not {concurrency}")
        self.id = new_worker_id() if post is None else post.worker_id
        self.name = name
        self.queues = tuple(queues or kinds.queues())
        self.completed = 0  # jobs, since the start
        self.errors = 0  # jobs failed for good, since the start
        self.retired = asyncio.Event()  # set once somebody asked this worker to finish and go
        self.worn_out = asyncio.Event()  # set once it claims no more, so that another can take its place
        self.wear = ""  # why
        self._max_jobs = max_jobs
        self._post = post
        self._store = store
        self._kinds = kinds
        self._slots = Slots(1 if self._is_solo else concurrency)
        self._attempts = Attempts()
        self._streams = StreamWriter(store.events, store.clock)
        self._handling = Handling(self._streams)
        self._executor = Executor(self._handling, Random(), self._lack_descriptors)
        self._finisher = Finisher(store.jobs, self._attempts, store.lease, error_backoff, self._count)
        self._leases = self._keeper()
        self._claimer = Claimer(
            self._take(choose), self._begin, self._slots, store.signals, self.queues, poll_interval, error_backoff
        )
        self._cancels = CancelWatch(store.jobs, store.signals, self._attempts, poll_interval)
        self._heartbeat = Heartbeat(
            store.workers,
            store.signals,
            self.describe,
            self._retire,
            interval=store.lease.total_seconds() / _BEATS_PER_LEASE,
        )
        self._liveness: Liveness | None = None  # held from `start` to `stop`
        self._loop = asyncio.get_running_loop()
        self._started_at_ms = 0
        self._is_stopping = False
        self._failure: BaseException | None = None  # the defect that ended one of the loops

    async def start(self) -> None:
        """Takes its sign of life, then begins to claim. The store must be open."""
        for handler in self._kinds:
            if handler.open is not None and handler.kind.queue in self.queues:
                await handler.open()
        self._started_at_ms = self._store.clock.now_ms()
        failpoint("worker.before_hold")
        self._liveness = self._store.hold(self.id, None if self._post is None else self._post.supervisor_id)
        failpoint("worker.held")
        for loop in (
            self._streams.start(),
            self._finisher.start(),
            self._leases.start(),
            self._cancels.start(),
            self._heartbeat.start(),
            self._claimer.start(),
        ):
            loop.add_done_callback(self._look_at)
        narrate("worker", "started", self.name, f"serves {', '.join(self.queues)}", worker=self.id, pid=os.getpid())

    async def stop(self, timeout: float = DEFAULT_GRACE_SECONDS) -> None:
        """Stops claiming, waits at most `timeout` seconds for its jobs, gives the rest back. Spends no attempt.

        Raises WorkerFailed.
        """
        self._is_stopping = True
        failpoint("worker.stopping")
        await self._claimer.stop()
        if self._failure is None:
            await self._end(timeout, Stop.RELEASE)
            await self._finisher.drain(_SECONDS_TO_OBEY)
        else:
            await self._end(0, Stop.LOST)
        await self._heartbeat.stop()
        await self._cancels.stop()
        await self._leases.stop()
        await self._finisher.stop()
        await self._streams.stop()
        await self._handling.close()
        for handler in self._kinds:
            if handler.close is not None:
                await handler.close()
        if self._failure is not None:
            raise WorkerFailed(self.name, self._failure) from self._failure
        self._let_go()
        narrate("worker", "stopped", self.name, f"{self.completed} jobs done", worker=self.id)

    def wear_out(self, why: str) -> None:
        """Claims no more. Whoever runs this worker lets it finish, and puts another in its place."""
        if not self.worn_out.is_set():
            self.wear = why
            self.worn_out.set()
            self._claimer.quit()

    async def finished(self) -> None:
        """Claims no more, and returns once its jobs have ended, however long they take."""
        await self._claimer.stop()
        while len(self._attempts) and self._failure is None:
            await asyncio.wait([attempt.task for attempt in self._attempts if attempt.task is not None])
            await self._finisher.drain(_SECONDS_TO_OBEY)

    def hurry(self) -> None:
        """Gives back at once what a `stop` under way still waits for."""
        for attempt in self._attempts:
            attempt.interrupt(Stop.RELEASE)

    def describe(self) -> WorkerRecord:
        """This worker as others see it."""
        return WorkerRecord(
            worker_id=self.id,
            name=self.name,
            node=socket.gethostname(),
            pid=os.getpid(),
            state=self._state(),
            queues=self.queues,
            kinds=tuple(self._kinds.names()),
            slots=self._slots.size,
            running=len(self._attempts),
            completed=self.completed,
            errors=self.errors,
            started_at_ms=self._started_at_ms,
            seen_at_ms=self._store.clock.now_ms(),
            is_retiring=self.retired.is_set(),
        )

    @property
    def _is_solo(self) -> bool:
        return self._post is not None and self._post.is_solo

    def _take(self, choose: Choice | None) -> Take:
        """What comes next, what is chosen, or suspects until none is left."""
        jobs = self._store.jobs
        ask = claim_request(self.id, self.queues, self._kinds, is_for_suspects=self._is_solo)
        take = next_in_line(jobs, ask, self._kinds) if choose is None else chosen(jobs, ask, self._kinds, choose)
        if self._is_solo:
            take = until_none_is_left(take, self.queues, self._retire)
        if self._max_jobs is not None:
            take = at_most(self._max_jobs, take, lambda: self.wear_out(f"it took {self._max_jobs} jobs"))
        return take if isinstance(self._leases, LeaseKeeper) else self._leases.reported(take)

    def _keeper(self) -> LeaseKeeper | EntrustedLeases:
        """A supervisor, where there is one, renews leases also while native code holds the interpreter's lock here."""
        if self._post is None:
            return LeaseKeeper(self._store.jobs, self._store.lease, self._attempts.receipts, self._lose, self._doubt)
        return EntrustedLeases(self._post, self._store.lease, self._attempts, ClaimLimits(self._kinds), self._lose)

    def _state(self) -> Literal["ready", "busy", "stopping"]:
        if self._is_stopping or self.retired.is_set():
            return "stopping"
        return "busy" if len(self._attempts) else "ready"

    def _begin(self, claim: Claim) -> None:
        attempt = Attempt(claim, self._kinds[claim.kind])
        attempt.task = self._loop.create_task(self._run(attempt))
        self._attempts.add(attempt)

    async def _run(self, attempt: Attempt) -> None:
        move = None
        try:
            move = await self._executor.execute(attempt)
        finally:
            if attempt.thread is None:
                self._slots.give()
            else:
                self._give_slot_of(attempt, attempt.thread)
            if move is None:
                self._throw_away(attempt)
            else:
                self._finisher.hand_over(attempt, move)

    def _give_slot_of(self, attempt: Attempt, thread: Future[object]) -> None:
        """A thread cannot be ended: while it goes on after its attempt, it keeps the slot."""
        if thread.done():
            self._slots.give()
            return

        def give(_: object) -> None:
            with suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits for the slot
                self._loop.call_soon_threadsafe(self._slots.give)

        thread.add_done_callback(give)
        if self._post is not None:
            self._loop.call_later(_SECONDS_TO_OBEY, self._wear_out_by, thread)
        sentence = "its thread does not stop and keeps its slot until it does"
        narrate("worker", "waits", attempt.claim.kind, sentence, job_id=attempt.claim.job_id, level="warning")

    def _wear_out_by(self, thread: Future[object]) -> None:
        """With each thread that is beyond reach a slot is gone: only a new process has them all."""
        if not thread.done():
            self.wear_out("a thread goes on after its attempt has ended")

    def _lack_descriptors(self) -> None:
        """Some handler keeps them; the next ones would fail without a fault of theirs."""
        if self._post is not None:
            self.wear_out("its process has no file descriptor left")

    def _throw_away(self, attempt: Attempt) -> None:
        self._attempts.drop([attempt])
        sentence = "the job is not ours any more; this attempt's work is thrown away"
        narrate("worker", "dropped", attempt.claim.kind, sentence, job_id=attempt.claim.job_id, level="warning")

    async def _end(self, timeout: float, why: Stop) -> None:
        """Phase one waits for the handlers, phase two tells what is left to stop."""
        if await self._ended(timeout):
            return
        for attempt in self._attempts:
            attempt.interrupt(why)
        if not await self._ended(_SECONDS_TO_OBEY):
            sentence = "they do not stop; their jobs are taken back once this process is gone"
            narrate("worker", "leaves", f"{len(self._attempts)} jobs", sentence, level="warning")

    async def _ended(self, timeout: float) -> bool:
        tasks = [attempt.task for attempt in self._attempts if attempt.task is not None and not attempt.task.done()]
        if not tasks:
            return True
        _, pending = await asyncio.wait(tasks, timeout=timeout)
        return not pending

    def _let_go(self) -> None:
        """The sign of life goes only when nothing is held: otherwise its end tells others to take the jobs back."""
        failpoint("worker.before_let_go")
        if self._liveness is not None and not len(self._attempts):
            self._liveness.release()

    def _retire(self) -> None:
        """Somebody asked for it: no new jobs; whoever runs this worker stops it."""
        self.retired.set()
        self._claimer.quit()

    def _look_at(self, loop: asyncio.Future[None]) -> None:
        """A loop has ended. Where that was a defect, a worker without it would hold its jobs and do nothing: it lets
        them go, and its sign of life is kept, so that its process' end or the leases' gives them back."""
        if loop.cancelled() or self._failure is not None:
            return
        self._failure = loop.exception()
        if self._failure is not None:
            narrate("worker", "failed", self.name, f"a defect: {self._failure!r}", level="error", worker=self.id)
            self._leases.quit()
            for attempt in self._attempts:
                attempt.interrupt(Stop.LOST)
            self._retire()

    def _lose(self, receipts: Sequence[Receipt]) -> None:
        """From the lease keeper's thread, where it has one: these jobs belong to somebody else."""
        for receipt in receipts:
            self._loop.call_soon_threadsafe(self._attempts.lose, receipt)

    def _doubt(self) -> None:
        """From the lease keeper's thread: none of its jobs may be ours any more, for all it can tell."""
        self._loop.call_soon_threadsafe(self._attempts.doubt)

    def _count(self, move: Move) -> None:
        if isinstance(move, Complete):
            self.completed += 1
        elif isinstance(move, Fail):
            self.errors += 1
