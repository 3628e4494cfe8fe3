"""A store does what the plain model does, whatever is asked of it and in whatever order."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine, Generator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from jobhive.core.errors import IllegalTransition, KeyReused, UnknownJob
from jobhive.core.event import ATTEMPT
from jobhive.core.ids import new_job_id
from jobhive.core.outcome import Move
from jobhive.core.receipt import Claim
from jobhive.core.record import JobRecord, NewJob
from jobhive.core.states import LEGAL_MOVES, State
from jobhive.store.port import Store
from jobhive.store.sqlite import SqliteStore
from jobhive.testing import (
    KILLED,
    advance,
    append,
    asking,
    cancel,
    claim_suspects,
    complete,
    fail,
    new_job,
    release,
    retry,
    snooze,
    stored_events,
)
from tests import postgres
from tests.store.model import Ending, Held, Model, NewModelJob, Refused

T = TypeVar("T")

HOUR = timedelta(hours=1)
HOUR_MS = 3_600_000
LEASE_HOURS = 3  # time goes in steps of two hours, leases and delays are odd: nothing hangs on how fast a test runs
STEP_HOURS = 2
MOST_JOBS = 6  # few, so that each is met often
FEWEST_STEPS_OPEN = 10  # opening is the slowest step

plain_jobs = st.builds(
    NewModelJob,
    job_id=st.builds(new_job_id),
    key=st.none(),
    params=st.just('{"n":1}'),
    priority=st.integers(-1, 1),
    delay=st.just(0),
    on_crash=st.sampled_from(["retry", "retry", "fail"]),
)
new_jobs = st.builds(
    NewModelJob._replace,
    plain_jobs,
    key=st.sampled_from([None, "k1", "k2"]),
    params=st.sampled_from(['{"n":1}', '{"n":1}', '{"n":2}']),
    delay=st.sampled_from([0, 0, 1, 5]),
)
workers = st.sampled_from(["a", "b"])


@contextmanager
def sqlite_file() -> Generator[Callable[[], Store]]:
    """A new file."""
    with tempfile.TemporaryDirectory(prefix="jobhive-machine-") as folder:
        yield lambda: SqliteStore(Path(folder) / "jobhive.db", lease=LEASE_HOURS * HOUR)


@contextmanager
def postgres_schema() -> Generator[Callable[[], Store]]:
    """The running test's schema, emptied."""
    postgres.empty(PostgresMachine.url)
    yield lambda: postgres.store(PostgresMachine.url, lease=LEASE_HOURS * HOUR)


DATABASES = {"sqlite": sqlite_file, "postgres": postgres_schema}  # each gives what makes stores on it


class StoreMachine(RuleBasedStateMachine):
    """One store on a real database, used by several workers and operators, beside the model."""

    engine: ClassVar = "sqlite"
    jobs: Bundle[str] = Bundle("jobs")
    claims: Bundle[Claim] = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self._database = ExitStack()
        self._make_store = self._database.enter_context(DATABASES[self.engine]())
        self._runner = asyncio.Runner()
        self._steps_since_opening = 0  # counted by the invariant
        self._store = self._opened()
        self._model = Model(LEASE_HOURS)
        self._seen: dict[str, JobRecord] = {}  # every job as the last step left it
        self._newest: dict[str, Claim] = {}  # the last claim of each job

    @initialize(target=jobs, batch=st.lists(plain_jobs, min_size=3, max_size=4))
    def begin(self, batch: list[NewModelJob]) -> MultipleResults[str]:
        return self._insert(batch)

    @precondition(lambda self: len(self._model.jobs) < MOST_JOBS)
    @rule(target=jobs, batch=st.lists(new_jobs, min_size=1, max_size=3))
    def insert(self, batch: list[NewModelJob]) -> MultipleResults[str]:
        return self._insert(batch)

    def _insert(self, batch: list[NewModelJob]) -> MultipleResults[str]:
        asked = self._store.jobs.insert([_to_insert(new) for new in batch])
        try:
            expected = self._model.insert(batch)
        except Refused:
            with pytest.raises(KeyReused):
                self._run(asked)
            return multiple()
        assert [answer.job_id for answer in self._run(asked)] == expected
        return multiple(*expected)

    @rule(job_id=jobs)
    def insert_again(self, job_id: str) -> None:
        if job_id in self._model.jobs:
            [answer] = self._run(self._store.jobs.insert([_to_insert(self._model.jobs[job_id].new)]))
            assert answer.job_id == job_id

    @precondition(lambda self: self._model.has(State.PENDING))
    @rule(target=claims, worker=workers, limit=st.integers(1, 3))
    def claim(self, worker: str, limit: int) -> MultipleResults[Claim]:
        claims = self._run(self._store.jobs.claim(asking(worker, limit=limit)))
        assert [_held(claim) for claim in claims] == self._model.claim(worker, limit)
        assert all(claim.token > self._seen[claim.job_id].token for claim in claims)
        self._newest |= {claim.job_id: claim for claim in claims}
        return multiple(*claims)

    @precondition(lambda self: self._model.suspects())
    @rule(target=claims, worker=workers, limit=st.integers(1, 2))
    def claim_suspects(self, worker: str, limit: int) -> MultipleResults[Claim]:
        claims = self._run(claim_suspects(self._store, worker, limit))
        assert [_held(claim) for claim in claims] == self._model.claim(worker, limit, is_for_suspects=True)
        self._newest |= {claim.job_id: claim for claim in claims}
        return multiple(*claims)

    @precondition(lambda self: self._model.suspects())
    @rule()
    def absolve(self) -> None:
        assert self._run(self._store.jobs.absolve()) == self._model.absolve()

    @rule(target=claims, job_id=jobs, worker=workers)
    def claim_one(self, job_id: str, worker: str) -> MultipleResults[Claim]:
        claim = self._run(self._store.jobs.claim_one(job_id, asking(worker)))
        assert (None if claim is None else _held(claim)) == self._model.claim_one(job_id, worker)
        claims = [] if claim is None else [claim]
        self._newest |= {claim.job_id: claim for claim in claims}
        return multiple(*claims)

    @rule(is_paused=st.sampled_from([False, False, True]), running=st.sampled_from([None, None, 1, 2]))
    def steer_the_queue(self, is_paused: bool, running: int | None) -> None:
        self._run(self._store.jobs.pause("default", is_paused=is_paused))
        self._run(self._store.jobs.limit("default", running=running, depth=None))
        self._model.is_paused, self._model.running_limit = is_paused, running

    @precondition(lambda self: self._model.has(State.RUNNING))
    @rule(pick=st.integers(0, MOST_JOBS), ending=st.sampled_from(Ending), delay=st.sampled_from([0, 1, 5]))
    def finish_what_runs(self, pick: int, ending: Ending, delay: int) -> None:
        running = list(self._model.in_state(State.RUNNING))
        self.finish(self._newest[running[pick % len(running)].new.job_id], ending, delay)

    @rule(claim=claims, ending=st.sampled_from(Ending), delay=st.sampled_from([0, 1, 5]))
    def finish(self, claim: Claim, ending: Ending, delay: int) -> None:
        accepted = self._run(self._store.jobs.finish([_move(claim, ending, delay)]))
        counts = self._model.finish(_held(claim), ending, delay)
        assert counts is None or accepted == [claim.job_id] * counts

    @rule(claim=claims, shift=st.sampled_from([0, 0, 0, -1, 1]), count=st.integers(1, 3))
    def append(self, claim: Claim, shift: int, count: int) -> None:
        known = self._model.jobs.get(claim.job_id)
        self._append(claim, (known.last_seq if known else claim.last_seq) + 1 + shift, count)

    @rule(claim=claims, count=st.integers(1, 2))
    def append_where_the_claim_began(self, claim: Claim, count: int) -> None:
        self._append(claim, claim.last_seq + 1, count)

    def _append(self, claim: Claim, first_seq: int, count: int) -> None:
        accepted = self._run(self._store.events.append([append(claim, first_seq, *("x" * count))]))
        counts = self._model.append(_held(claim), first_seq, count)
        assert counts is None or accepted == [claim.job_id] * counts

    @rule(claim=claims)
    def renew(self, claim: Claim) -> None:
        assert self._run(self._store.jobs.renew([claim.receipt])) == [claim.job_id] * self._model.renew(_held(claim))

    @rule(job_id=jobs, act=st.sampled_from(["cancel", "retry", "purge"]))
    def operate(self, job_id: str, act: str) -> None:
        match act:
            case "cancel":
                self._agree(lambda: self._model.cancel(job_id), self._store.jobs.cancel(job_id, "enough"))
            case "retry":
                self._agree(lambda: self._model.retry(job_id), self._store.jobs.retry(job_id))
            case _:
                self._agree(lambda: self._model.purge(job_id), self._store.jobs.purge(job_id))

    @precondition(lambda self: self._model.has(State.FAILED) or self._model.has(State.CANCELLED))
    @rule(pick=st.integers(0, MOST_JOBS))
    def retry_what_can_be(self, pick: int) -> None:
        final = [*self._model.in_state(State.FAILED), *self._model.in_state(State.CANCELLED)]
        self.operate(final[pick % len(final)].new.job_id, "retry")

    @precondition(lambda self: self._model.has(State.RUNNING) or self._model.has(State.SCHEDULED))
    @rule(steps=st.integers(1, 3))
    def let_time_pass(self, steps: int) -> None:
        advance(steps * STEP_HOURS * HOUR, self._store)
        self._model.hour += steps * STEP_HOURS

    @precondition(lambda self: self._model.due())
    @rule()
    def stage(self) -> None:
        assert self._run(self._store.jobs.stage(1000)) == self._model.stage()

    @precondition(lambda self: self._model.expired())
    @rule()
    def rescue(self) -> None:
        rescued = self._run(self._store.jobs.rescue(1000))
        assert {each.job_id: each.verdict for each in rescued} == self._model.rescue()

    @precondition(lambda self: self._model.has(State.RUNNING))
    @rule(worker=workers, is_crash=st.booleans())
    def rescue_from(self, worker: str, is_crash: bool) -> None:
        rescued = self._run(self._store.jobs.rescue_from(worker, KILLED if is_crash else None))
        assert {each.job_id: each.verdict for each in rescued} == self._model.rescue_from(worker, is_crash=is_crash)

    @precondition(lambda self: self._steps_since_opening >= FEWEST_STEPS_OPEN)
    @rule()
    def reopen(self) -> None:
        offset_ms = self._store.clock.offset_ms
        self._run(self._store.close())
        self._store = self._opened()
        self._store.clock.offset_ms = offset_ms

    @invariant()
    def every_acknowledged_job_is_as_the_model_says(self) -> None:
        self._steps_since_opening += 1
        records = self._run(self._store.jobs.get(list(self._model.jobs)))
        assert [record.job_id for record in records] == list(self._model.jobs)
        for record in records:
            job = self._model.jobs[record.job_id]
            counted = (record.failures, record.crashes, record.losses)
            assert (record.state, record.attempt, record.last_seq) == (job.state, job.attempt, job.last_seq)
            assert counted == (job.failures, job.crashes, job.losses)
            self._check_step(self._seen.get(record.job_id), record)
            self._seen[record.job_id] = record

    def _check_step(self, before: JobRecord | None, after: JobRecord) -> None:
        if before is None:
            assert after.state in (State.PENDING, State.SCHEDULED)
            return
        assert before.state == after.state or (before.state, after.state) in LEGAL_MOVES
        assert after.token >= before.token
        assert after.last_seq >= before.last_seq
        assert after.started_at_ms == (before.started_at_ms or after.started_at_ms)

    def teardown(self) -> None:
        try:
            for job_id, job in self._model.jobs.items():
                attempts = self._run(self._store.jobs.attempts(job_id))
                assert [attempt.outcome for attempt in attempts] == job.outcomes
                self._check_stream(job_id, job.last_seq)
        finally:
            self._run(self._store.close())
            self._runner.close()
            self._database.close()

    def _check_stream(self, job_id: str, last_seq: int) -> None:
        events = self._run(stored_events(self._store, job_id))
        first_seq = events[0].seq if events else 2
        assert first_seq in (1, 2)
        assert [event.seq for event in events] == list(range(first_seq, last_seq + 1))
        coming = [int(str(event.data["n"])) for event in events if event.type == ATTEMPT]
        assert coming == sorted(coming)

    def _opened(self) -> Store:
        self._steps_since_opening = 0
        store = self._make_store()
        self._run(store.open())
        return store

    def _run(self, asked: Coroutine[object, object, T]) -> T:
        return self._runner.run(asked)

    def _agree(self, expect: Callable[[], None], asked: Coroutine[object, object, object]) -> None:
        """Both do it, or both refuse it for the same reason."""
        try:
            expect()
        except Refused:
            wanted: type[Exception] = IllegalTransition
        except KeyError:
            wanted = UnknownJob
        else:
            self._run(asked)
            return
        with pytest.raises(wanted):
            self._run(asked)


def _to_insert(new: NewModelJob) -> NewJob:
    return new_job(
        job_id=new.job_id,
        key=new.key,
        params=new.params,
        priority=new.priority,
        delay_ms=new.delay * HOUR_MS,
        on_crash=new.on_crash,
    )


def _held(claim: Claim) -> Held:
    return Held(claim.job_id, claim.attempt)


def _move(claim: Claim, ending: Ending, delay: int) -> Move:
    match ending:
        case Ending.COMPLETE:
            return complete(claim)
        case Ending.FAIL:
            return fail(claim)
        case Ending.RETRY:
            return retry(claim, delay * HOUR)
        case Ending.SNOOZE:
            return snooze(claim, delay * HOUR)
        case Ending.CANCEL:
            return cancel(claim)
        case Ending.RELEASE:
            return release(claim)


class PostgresMachine(StoreMachine):
    engine: ClassVar = "postgres"
    url: ClassVar[str]  # of a schema that is the running test's


@pytest.fixture(params=["sqlite", "postgres"])
def machine(request: pytest.FixtureRequest) -> type[StoreMachine]:
    """The machine of each engine."""
    if request.param == "sqlite":
        return StoreMachine
    PostgresMachine.url = request.getfixturevalue("postgres_url")
    return PostgresMachine


def _run_machine(machine: type[StoreMachine], examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None, print_blob=True),
    )


@pytest.mark.timeout(600)  # a failure is made as short as can be before it is shown
def test_a_store_agrees_with_the_model(machine: type[StoreMachine]) -> None:  # P1, P2, P4, P12, H10
    _run_machine(machine, examples=100 if machine is StoreMachine else 25, steps=30)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_store_agrees_with_the_model_for_long(machine: type[StoreMachine]) -> None:  # P1, P2, P4, P12, H10
    _run_machine(machine, examples=1_000, steps=50)
