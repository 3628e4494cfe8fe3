"""What a store is to do, in the plainest words: a dict of jobs, no database, no token, no clock of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from jobhive.core.states import State

MAX_CRASHES, MAX_LOSSES = 3, 20


class Ending(StrEnum):
    """How an owner lets go of a job."""

    COMPLETE = "complete"
    FAIL = "fail"
    RETRY = "retry"
    SNOOZE = "snooze"
    CANCEL = "cancel"
    RELEASE = "release"


_STATE_AFTER = {
    Ending.COMPLETE: State.COMPLETE,
    Ending.FAIL: State.FAILED,
    Ending.RETRY: State.SCHEDULED,
    Ending.SNOOZE: State.SCHEDULED,
    Ending.CANCEL: State.CANCELLED,
    Ending.RELEASE: State.PENDING,
}
_AFTER_STAGING = {State.SCHEDULED: State.PENDING}
_OUTCOME = {
    Ending.FAIL: "failed",
    Ending.RETRY: "failed",
    Ending.SNOOZE: "snoozed",
    Ending.CANCEL: "cancelled",
    Ending.RELEASE: "released",
}


class NewModelJob(NamedTuple):
    """A job to insert."""

    job_id: str
    key: str | None
    params: str
    priority: int
    delay: int
    on_crash: str


class Held(NamedTuple):
    """A claim: which attempt of which job. It plays the part of the token."""

    job_id: str
    attempt: int


class Refused(Exception):
    """What was asked is not allowed."""


@dataclass
class ModelJob:
    """One job. Times are hours of the model's clock."""

    new: NewModelJob
    arrival: int
    state: State
    due: int | None
    attempt: int = 0
    last_seq: int = 0
    failures: int = 0
    crashes: int = 0
    losses: int = 0
    worker: str | None = None
    lease_until: int | None = None
    suspect_until: int | None = None  # while it is pending and to be run alone
    is_cancel_requested: bool = False
    written: Ending | None = None  # how the newest attempt's owner let go; None while it runs or where it was taken
    left_for: State = State.PENDING  # where that took the job
    outcomes: list[str] = field(default_factory=list[str])  # of attempts that did not complete the job
    batches: set[tuple[int, int, int]] = field(default_factory=set[tuple[int, int, int]])  # attempt, first, last


class Model:
    """All jobs that were acknowledged and not purged, and the hour."""

    def __init__(self, lease: int) -> None:
        self.hour = 0
        self.jobs: dict[str, ModelJob] = {}
        self.is_paused = False  # the one queue of all jobs
        self.running_limit: int | None = None  # of it
        self._lease = lease
        self._arrivals = 0

    def insert(self, batch: Sequence[NewModelJob]) -> list[str]:
        """Ids as a store answers. Raises Refused for a key with other params, and keeps none then."""
        by_key = {job.new.key: job.new for job in self.jobs.values() if job.new.key is not None}
        answers: list[str] = []
        for new in batch:
            known = new if new.key is None else by_key.setdefault(new.key, new)
            if known.params != new.params:
                raise Refused
            answers.append(known.job_id)
        for new in batch:
            if new.job_id in answers:
                self._add(new)
        return answers

    def _add(self, new: NewModelJob) -> None:
        if new.job_id not in self.jobs:
            self._arrivals += 1
            due = self.hour + new.delay if new.delay else None
            state = State.PENDING if due is None else State.SCHEDULED
            self.jobs[new.job_id] = ModelJob(new, self._arrivals, state, due)

    def claim(self, worker: str, limit: int, *, is_for_suspects: bool = False) -> list[Held]:
        """The next jobs in order, or the next suspects, now this worker's."""
        waiting = [job for job in self.in_state(State.PENDING) if (job.suspect_until is not None) is is_for_suspects]
        pending = sorted(waiting, key=lambda job: (-job.new.priority, job.arrival))
        chosen = min(limit, self._room())
        if is_for_suspects:
            for job in pending[chosen:]:
                job.suspect_until = self.hour + self._lease
        return [self._taken(job, worker) for job in pending[:chosen]]

    def claim_one(self, job_id: str, worker: str) -> Held | None:
        """Just this job, if it is pending, no suspect, and its queue has room."""
        job = self.jobs.get(job_id)
        is_free = job is not None and job.state is State.PENDING and job.suspect_until is None and self._room() > 0
        return self._taken(job, worker) if job is not None and is_free else None

    def _room(self) -> int:
        running = len(list(self.in_state(State.RUNNING)))
        return 0 if self.is_paused else max((self.running_limit or running + len(self.jobs)) - running, 0)

    def _taken(self, job: ModelJob, worker: str) -> Held:
        job.state, job.worker, job.written, job.suspect_until = State.RUNNING, worker, None, None
        job.attempt += 1
        job.last_seq = max(job.last_seq, 1)
        job.lease_until = self.hour + self._lease
        return Held(job.new.job_id, job.attempt)

    def owned(self, held: Held) -> ModelJob | None:
        """The running job that the claim stands for."""
        job = self.jobs.get(held.job_id)
        return job if job is not None and job.state is State.RUNNING and job.attempt == held.attempt else None

    def finish(self, held: Held, ending: Ending, delay: int) -> bool | None:
        """Whether the move counts; None where that is not promised, because nothing is written either way."""
        job = self.owned(held)
        if job is None:
            return self._repeated(held, ending)
        state = _STATE_AFTER[ending]
        if job.is_cancel_requested and not state.is_final:
            state = State.CANCELLED
        if ending in _OUTCOME:
            job.outcomes.append(_OUTCOME[ending])
        job.failures += ending in (Ending.FAIL, Ending.RETRY)
        self._leave(job, state)
        job.written, job.left_for = ending, state
        job.due = self.hour + delay if state is State.SCHEDULED else None
        return True

    def _repeated(self, held: Held, ending: Ending) -> bool | None:
        former = self.jobs.get(held.job_id)
        if former is None or former.attempt != held.attempt or former.written is None:
            return False
        if former.written is ending:
            return True if former.state in (former.left_for, _AFTER_STAGING.get(former.left_for)) else None
        return False if ending in (Ending.COMPLETE, Ending.FAIL) else None

    def append(self, held: Held, first_seq: int, count: int) -> bool | None:
        """Whether the batch counts; None where that is not promised: stored before, by a claim that is over."""
        batch = (held.attempt, first_seq, first_seq + count - 1)
        job = self.owned(held)
        if job is not None and first_seq == job.last_seq + 1:
            job.last_seq += count
            job.batches.add(batch)
            return True
        was_stored = held.job_id in self.jobs and batch in self.jobs[held.job_id].batches
        return None if was_stored and job is None else was_stored

    def renew(self, held: Held) -> bool:
        """Whether the claim still holds."""
        job = self.owned(held)
        if job is not None:
            job.lease_until = self.hour + self._lease
        return job is not None

    def cancel(self, job_id: str) -> None:
        """Raises Refused for a complete or failed job and KeyError for an unknown one."""
        job = self.jobs[job_id]
        if job.state in (State.COMPLETE, State.FAILED):
            raise Refused
        if job.state is State.RUNNING:
            job.is_cancel_requested = True
        else:
            job.state, job.due, job.suspect_until = State.CANCELLED, None, None

    def retry(self, job_id: str) -> None:
        """Raises Refused unless failed or cancelled, and KeyError for an unknown job."""
        job = self.jobs[job_id]
        if job.state not in (State.FAILED, State.CANCELLED):
            raise Refused
        job.state, job.is_cancel_requested = State.PENDING, False
        job.failures = job.crashes = job.losses = 0
        job.last_seq += 2  # the terminal event and `attempt`

    def purge(self, job_id: str) -> None:
        """Raises Refused for an open job and KeyError for an unknown one."""
        if not self.jobs[job_id].state.is_final:
            raise Refused
        del self.jobs[job_id]

    def stage(self) -> int:
        """How many came due."""
        due = self.due()
        for job in due:
            job.state, job.due = State.PENDING, None
        return len(due)

    def due(self) -> list[ModelJob]:
        """Scheduled jobs whose time has come."""
        return [job for job in self.in_state(State.SCHEDULED) if job.due is not None and job.due <= self.hour]

    def rescue(self) -> dict[str, State]:
        """Takes expired jobs; where each went."""
        return {job.new.job_id: self._take(job) for job in self.expired()}

    def expired(self) -> list[ModelJob]:
        """Running jobs whose lease ran out."""
        return [job for job in self.in_state(State.RUNNING) if (job.lease_until or 0) < self.hour]

    def rescue_from(self, worker: str, *, is_crash: bool) -> dict[str, State]:
        """Takes a dead worker's jobs; where each went."""
        taken = [job for job in self.in_state(State.RUNNING) if job.worker == worker]
        was_alone = is_crash and len(taken) == 1
        return {job.new.job_id: self._take(job, is_crash=is_crash, was_alone=was_alone) for job in taken}

    def absolve(self) -> int:
        """How many suspects became jobs like any other."""
        absolved = [job for job in self.suspects() if (job.suspect_until or 0) < self.hour]
        for job in absolved:
            job.suspect_until = None
        return len(absolved)

    def suspects(self) -> list[ModelJob]:
        """Pending jobs that are to be run alone."""
        return [job for job in self.in_state(State.PENDING) if job.suspect_until is not None]

    def _take(self, job: ModelJob, *, is_crash: bool = False, was_alone: bool = False) -> State:
        job.outcomes.append("crashed" if was_alone else "lost")
        if job.is_cancel_requested:
            self._leave(job, State.CANCELLED)
            return job.state
        job.crashes += was_alone
        job.losses += not was_alone
        is_spent = job.new.on_crash == "fail" or job.crashes >= MAX_CRASHES or job.losses >= MAX_LOSSES
        self._leave(job, State.FAILED if is_spent else State.PENDING)
        job.suspect_until = self.hour + self._lease if is_crash and not is_spent else None
        return job.state

    def _leave(self, job: ModelJob, state: State) -> None:
        job.state, job.lease_until = state, None
        job.last_seq += not state.is_final  # `attempt`

    def has(self, state: State) -> bool:
        """Whether any job is in this state."""
        return any(True for _ in self.in_state(state))

    def in_state(self, state: State) -> Iterator[ModelJob]:
        """Jobs in this state, oldest first."""
        return (job for job in self.jobs.values() if job.state is state)
