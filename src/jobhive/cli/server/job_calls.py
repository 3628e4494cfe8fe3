"""What the terminal asks of the server about jobs."""

import time
from collections.abc import Iterator, Sequence

from pydantic import BaseModel, JsonValue

from jobhive.cli.exits import CommandError, Exit
from jobhive.cli.server.http import Api, JsonObject, job_path
from jobhive.cli.server.views import JobView, read_as
from jobhive.core.states import State

_PAGE_SIZE = 1000  # the most that the server lists at once
_LONGEST_PAUSE_SECONDS = 1.0


class Created(BaseModel):
    """A job that the server has stored."""

    job_id: str
    sse_url: str


class _Page(BaseModel):
    jobs: list[JsonObject]
    cursor: str | None


def create_job(api: Api, kind: str, params: JsonObject, **options: str | float | None) -> Created:
    """Creates it; options that are None are the kind's own."""
    chosen: JsonObject = {name: value for name, value in options.items() if value is not None}
    return read_as(Created, api.post("/v1/jobs", {"kind": kind, "params": params, **chosen}))


def list_jobs(api: Api, limit: int, **filters: str | None) -> tuple[list[JsonObject], bool]:
    """At most `limit` jobs, newest first, and whether there are more."""
    jobs: list[JsonObject] = []
    cursor = None
    while True:
        wanted = min(limit - len(jobs), _PAGE_SIZE)
        page = read_as(_Page, api.get("/v1/jobs", limit=wanted, cursor=cursor, **filters))
        jobs += page.jobs
        cursor = page.cursor
        if cursor is None or len(jobs) >= limit:
            return jobs, cursor is not None


def matching_ids(api: Api, states: Sequence[State], **filters: str | None) -> list[str]:
    """The ids of all jobs in these states that match, as they are now."""
    return [str(job["id"]) for state in states for job in _walk(api, state=state, **filters)]


def _walk(api: Api, **filters: str | None) -> Iterator[JsonObject]:
    cursor = None
    while True:
        page = read_as(_Page, api.get("/v1/jobs", limit=_PAGE_SIZE, cursor=cursor, **filters))
        yield from page.jobs
        cursor = page.cursor
        if cursor is None:
            return


def get_job(api: Api, job_id: str) -> JobView:
    """The job as it stands."""
    return read_as(JobView, api.get(job_path(job_id)))


def result_of(api: Api, job_id: str, timeout: float) -> JsonValue:
    """The result; waits `timeout` seconds at most. Raises CommandError where there is none."""
    job = _ended(api, job_id, timeout)
    match job.state:
        case State.COMPLETE:
            return job.result
        case State.FAILED | State.CANCELLED:
            raise CommandError(f"{job.id} {ending(job)}", Exit.JOB_FAILED)
        case _:
            advice = f"wait with --timeout 60, or watch it: jobhive stream {job.id}"
            raise CommandError(f"{job.id} is {job.state} and has no result yet; {advice}", Exit.TIMEOUT)


def ending(job: JobView) -> str:
    """Why a job has no result."""
    if job.state is State.CANCELLED:
        return f"was cancelled: {job.reason or 'without a reason'}"
    return f"failed: {job.error.type}: {job.error.message}" if job.error else "failed"


def _ended(api: Api, job_id: str, timeout: float) -> JobView:
    deadline = time.monotonic() + timeout
    pause = 0.05
    while True:
        job = get_job(api, job_id)
        left = deadline - time.monotonic()
        if job.state.is_final or left <= 0:
            return job
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)


def cancel_job(api: Api, job_id: str) -> str:
    """Cancels it; says what came of it."""
    job = read_as(JobView, api.post(job_path(job_id, "/cancel")))
    return f"{job.id} is {job.state}" if job.state.is_final else f"{job.id} is {job.state} and was asked to stop"


def retry_job(api: Api, job_id: str) -> str:
    """Sends it back to its queue; says what came of it."""
    job = read_as(JobView, api.post(job_path(job_id, "/retry")))
    return f"{job.id} is {job.state} again"


def purge_job(api: Api, job_id: str) -> str:
    """Deletes it for good; says so."""
    api.delete(job_path(job_id), purge="true")
    return f"{job_id} is deleted"


def drop_job(api: Api, job_id: str) -> str:
    """Cancels a job that waits and deletes it; says what came of it."""
    job = read_as(JobView, api.post(job_path(job_id, "/cancel")))
    return purge_job(api, job.id) if job.state.is_final else f"{job.id} had started and was asked to stop"
