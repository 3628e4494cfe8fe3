"""A stored job as its user sees it: the type of its state, with what that state has and nothing else."""

from dataclasses import FrozenInstanceError, fields
from datetime import timedelta

import pytest
from pydantic import BaseModel, ConfigDict, TypeAdapter

from jobhive.core.clock import from_ms
from jobhive.core.errors import InvalidInput
from jobhive.core.job import (
    Attempt,
    CancelledJob,
    CompleteJob,
    FailedJob,
    PendingJob,
    RunningJob,
    ScheduledJob,
    WaitingJob,
    running,
    typed,
)
from jobhive.core.kind import Kind
from jobhive.core.outcome import JobError
from jobhive.core.record import AttemptRecord, JobRecord
from jobhive.core.retry import RetryPolicy
from jobhive.core.states import State
from tests.core.test_decide import a_claim

ERROR = JobError("ValueError", "broken", "Traceback", "JOB_ERROR")


class Sum(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    a: int
    b: int


class Share(BaseModel):
    model_config = ConfigDict(frozen=True)

    percent: float


ADD = Kind("add", Sum, TypeAdapter(int), Share)


def a_record(state: State = State.PENDING) -> JobRecord:
    """A record with every field that any state may have, as if it had been through all of them."""
    return JobRecord(
        job_id="job-1",
        kind="add",
        queue="default",
        state=state,
        params='{"a":1,"b":2}',
        priority=5,
        owner="ada",
        key="k",
        token=3 << 32 | 9,
        failures=2,
        crashes=0,
        losses=0,
        max_retries=4,
        on_crash="retry",
        created_at_ms=1_000,
        run_at_ms=2_000,
        started_at_ms=3_000,
        claimed_at_ms=4_000,
        finished_at_ms=5_000,
        lease_until_ms=None,
        cancel_requested_at_ms=None,
        worker="worker-x",
        facts=None,
        last_seq=1,
        progress='{"percent":50}',
        result="3",
        ending=None,
        error=ERROR,
        reason="enough",
    )


def test_what_all_jobs_have_is_told_in_every_state() -> None:
    for state in State:
        job = typed(a_record(state), ADD)
        assert (job.id, job.kind, job.queue, job.params) == ("job-1", "add", "default", Sum(a=1, b=2))
        assert (job.priority, job.owner, job.key, job.max_retries) == (5, "ada", "k", 4)
        assert (job.created_at, job.attempt, job.failures, job.attempts) == (from_ms(1_000), 3, 2, ())


def test_every_state_has_its_own_type_and_fields() -> None:
    common = {field.name for field in fields(PendingJob)}
    own = {
        State.WAITING: (WaitingJob, set[str]()),
        State.SCHEDULED: (ScheduledJob, {"run_at"}),
        State.PENDING: (PendingJob, set[str]()),
        State.RUNNING: (RunningJob, {"started_at", "worker", "progress", "is_cancel_requested"}),
        State.COMPLETE: (CompleteJob, {"started_at", "finished_at", "result"}),
        State.FAILED: (FailedJob, {"started_at", "finished_at", "error"}),
        State.CANCELLED: (CancelledJob, {"started_at", "finished_at", "reason"}),
    }
    for state in State:
        job = typed(a_record(state), ADD)
        assert (type(job), {field.name for field in fields(job)} - common) == own[state]


def test_a_scheduled_job_tells_when() -> None:
    job = typed(a_record(State.SCHEDULED), ADD)
    assert isinstance(job, ScheduledJob)
    assert job.run_at == from_ms(2_000)


def test_a_running_job_tells_who_and_how_far() -> None:
    job = typed(a_record(State.RUNNING), ADD)
    assert isinstance(job, RunningJob)
    assert (job.started_at, job.worker, job.progress) == (from_ms(4_000), "worker-x", Share(percent=50))
    assert not job.is_cancel_requested
    asked = typed(a_record(State.RUNNING)._replace(cancel_requested_at_ms=1, progress=None), ADD)
    assert isinstance(asked, RunningJob)
    assert (asked.is_cancel_requested, asked.progress) == (True, None)


def test_a_complete_job_has_its_typed_result() -> None:
    job = typed(a_record(State.COMPLETE), ADD)
    assert isinstance(job, CompleteJob)
    assert (job.result, job.started_at, job.finished_at) == (3, from_ms(4_000), from_ms(5_000))


def test_a_complete_job_without_a_stored_result_returned_nothing() -> None:
    nothing = Kind("nothing", Sum, TypeAdapter(type(None)), Share)
    job = typed(a_record(State.COMPLETE)._replace(result=None), nothing)
    assert isinstance(job, CompleteJob)
    assert job.result is None


def test_a_failed_job_has_its_error() -> None:
    job = typed(a_record(State.FAILED), ADD)
    assert isinstance(job, FailedJob)
    assert (job.error, job.finished_at) == (ERROR, from_ms(5_000))


def test_a_cancelled_job_tells_why_and_whether_it_ever_ran() -> None:
    job = typed(a_record(State.CANCELLED), ADD)
    assert isinstance(job, CancelledJob)
    assert (job.reason, job.started_at) == ("enough", from_ms(4_000))
    unstarted = typed(a_record(State.CANCELLED)._replace(claimed_at_ms=None, started_at_ms=None), ADD)
    assert isinstance(unstarted, CancelledJob)
    assert unstarted.started_at is None


def test_earlier_attempts_are_told_in_order() -> None:  # H11
    records = [AttemptRecord(1, "failed", 1_000, 2_000, "a", ERROR), AttemptRecord(2, "lost", 3_000, 4_000, None, None)]
    assert typed(a_record(), ADD, records).attempts == (
        Attempt(1, "failed", from_ms(1_000), from_ms(2_000), "a", ERROR),
        Attempt(2, "lost", from_ms(3_000), from_ms(4_000), None, None),
    )


@pytest.mark.parametrize("state", State)
def test_a_job_cannot_be_changed(state: State) -> None:
    job = typed(a_record(state), ADD)
    for field in fields(job):
        with pytest.raises(FrozenInstanceError):
            setattr(job, field.name, None)


@pytest.mark.parametrize(
    "stored",
    [
        a_record()._replace(params='{"a":"zq7-hunter2","b":2}'),
        a_record()._replace(params='{"a":1,"b":2,"c":"zq7-hunter2"}'),
        a_record(State.COMPLETE)._replace(result='"zq7-hunter2"'),
        a_record(State.RUNNING)._replace(progress='{"percent":"zq7-hunter2"}'),
    ],
    ids=["params", "extra", "result", "progress"],
)
def test_what_no_longer_fits_its_kind_is_refused_without_an_echo(stored: JobRecord) -> None:
    with pytest.raises(InvalidInput) as refusal:
        typed(stored, ADD)
    assert "zq7-hunter2" not in str(refusal.value)


def test_a_fresh_claim_is_a_running_job() -> None:
    job = running(a_claim(failures=2), ADD, Sum(a=1, b=2))
    assert (job.id, job.kind, job.params, job.worker) == ("job-1", "add", Sum(a=1, b=2), "a")
    assert (job.attempt, job.failures, job.attempts, job.progress) == (1, 2, (), None)


@pytest.mark.parametrize("name", ["", "1a", "a b", "a\n", "ä", "a" * 101, "a/b"])
def test_a_kinds_name_has_a_form(name: str) -> None:
    with pytest.raises(ValueError, match="kind names match"):
        Kind(name, Sum, TypeAdapter(int), Share)


@pytest.mark.parametrize("name", ["", "-a", "a b", "a\n", "ä", "a" * 101])
def test_a_queues_name_has_a_form(name: str) -> None:
    with pytest.raises(ValueError, match="queue names match"):
        Kind("add", Sum, TypeAdapter(int), Share, queue=name)


@pytest.mark.parametrize("timeout", [timedelta(0), timedelta(seconds=-1)])
def test_a_timeout_is_longer_than_nothing(timeout: timedelta) -> None:
    with pytest.raises(ValueError, match="timeout"):
        Kind("add", Sum, TypeAdapter(int), Share, timeout=timeout)


def test_a_kind_has_the_usual_policy_unless_told_otherwise() -> None:
    assert (ADD.queue, ADD.retry, ADD.timeout, ADD.on_crash) == ("default", RetryPolicy(), None, "retry")
