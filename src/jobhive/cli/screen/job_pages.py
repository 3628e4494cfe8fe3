"""Jobs as the terminal shows them."""

from collections.abc import Sequence
from datetime import datetime

from jobhive.cli.output import say, say_fields, say_table
from jobhive.cli.screen.form import Form
from jobhive.cli.screen.template import as_text
from jobhive.cli.server.http import JsonObject
from jobhive.cli.server.job_calls import ending
from jobhive.cli.server.views import AttemptView, JobView, age, read_as, since, span
from jobhive.core.states import State


def say_jobs(answers: Sequence[JsonObject], form: Form) -> None:
    """A listing: a row for each."""
    jobs = [read_as(JobView, answer) for answer in answers]
    columns = ("ID", "KIND", "QUEUE", "STATE", "TRY", "AGE", "TOOK")
    form.say_all(answers, lambda: say_table(columns, [_row(job) for job in jobs]))


def _row(job: JobView) -> Sequence[str]:
    return job.id, job.kind, job.queue, job.state, str(job.attempt), since(job.created_at), _took(job)


def _took(job: JobView) -> str:
    if job.started_at is None or job.finished_at is None:
        return "-"
    return span(job.finished_at - job.started_at)


def say_job(answer: JsonObject, form: Form) -> None:
    """One job: its fields, then its attempts."""
    job = read_as(JobView, answer)
    form.say_one(answer, lambda: _say_page(job))


def _say_page(job: JobView) -> None:
    say_fields({name: value for name, value in _fields(job).items() if value is not None})
    if job.attempts:
        say("")
        say_table(("ATTEMPT", "OUTCOME", "AGE", "TOOK", "ERROR"), [_attempt(attempt) for attempt in job.attempts])


def _fields(job: JobView) -> dict[str, str | None]:
    return {
        "id": job.id,
        "kind": job.kind,
        "queue": job.queue,
        "state": _state(job),
        "params": as_text(job.params),
        "priority": str(job.priority),
        "key": job.key,
        "attempt": f"{job.attempt} ({job.max_retries} retries at most)",
        "created": _instant(job.created_at),
        "due": _instant(job.run_at),
        "started": _instant(job.started_at),
        "finished": _instant(job.finished_at),
        "took": None if job.finished_at is None else _took(job),
        "worker": job.worker,
        "progress": None if job.progress is None else as_text(job.progress),
        "result": as_text(job.result) if job.state is State.COMPLETE else None,
        "error": ending(job) if job.state in {State.FAILED, State.CANCELLED} else None,
    }


def _state(job: JobView) -> str:
    return f"{job.state} (asked to stop)" if job.cancel_requested else job.state


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else f"{instant.astimezone():%Y-%m-%d %H:%M:%S %Z} ({age(instant)})"


def _attempt(attempt: AttemptView) -> Sequence[str]:
    error = "" if attempt.error is None else f"{attempt.error.type}: {attempt.error.message}"
    took = span(attempt.ended_at - attempt.started_at)
    return str(attempt.attempt), attempt.outcome, since(attempt.started_at), took, error
