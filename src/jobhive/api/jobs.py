"""Jobs: ask for one, look at one, list them."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json
from typing_extensions import TypedDict

from jobhive.api.access import Reader, Submitting
from jobhive.api.body import JsonBody, body_problems, documented_body
from jobhive.api.job_request import JobRequest, read_request
from jobhive.api.job_view import JobView, job_view, sse_url, whole_job_view
from jobhive.api.problems import documented
from jobhive.api.services import Services, Wired
from jobhive.core.errors import UnknownJob
from jobhive.core.record import JobFilter, JobRecord
from jobhive.core.states import State

routes = APIRouter(tags=["jobs"])


class Submitted(TypedDict):
    """The job's id, and where its events are."""

    job_id: str
    sse_url: str


class JobPage(TypedDict):
    """Part of a listing, newest first."""

    jobs: list[JobView]
    cursor: str | None  # hand it back for the next page; null at the end


class Listing(BaseModel):
    """Which jobs to list."""

    model_config = ConfigDict(extra="forbid")  # a misspelt filter would list everything

    state: State | None = None
    kind: str | None = None
    queue: str | None = None
    owner: str | None = None
    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = Field(default=None, json_schema_extra={"pattern": "^[0-9]{1,39}$"})  # the store refuses others

    def where(self) -> JobFilter:
        """The part that chooses jobs."""
        return JobFilter(self.state, self.kind, self.queue, self.owner)


_EXAMPLE = JobRequest(kind="add", params={"a": 1, "b": 2}, key="order-7").model_dump(mode="json", exclude_defaults=True)


@routes.post(
    "/v1/jobs",
    status_code=201,
    response_model=Submitted,
    openapi_extra=documented_body(JobRequest, _EXAMPLE),
    responses={200: {"model": Submitted, "description": "the key is known: this is the earlier job"}}
    | body_problems()
    | documented(
        s409="the key belongs to a job of another kind or with other params",
        s503="the queue is full, or the store is busy; `Retry-After` says when to try again",
        s507="the store has no room",
    ),
)
async def submit(caller: Submitting, body: JsonBody, services: Wired, response: Response) -> Submitted:
    """Stores a job; the answer comes when it is durable. A worker that knows the kind will run it.

    Send a `key` to make the call safe to repeat.

        curl --json '{"kind": "add", "params": {"a": 1, "b": 2}}' http://127.0.0.1:8700/v1/jobs
    """
    request, options = read_request(body, services.kinds)
    params = to_json(request.params)
    inserted = await services.submitter.submit(request.kind, params, options, caller.owner, by=caller.name)
    response.status_code = 201 if inserted.is_new else 200
    return {"job_id": inserted.job_id, "sse_url": sse_url(inserted.job_id)}


@routes.get("/v1/jobs", responses=documented(s422="a filter, the limit or the cursor is not valid"))
async def ls(caller: Reader, listing: Annotated[Listing, Query()], services: Wired) -> JobPage:
    """A page of jobs, newest first, without their attempts. A token sees its owner's jobs; with `operate`, everybody's.

    curl 'http://127.0.0.1:8700/v1/jobs?state=failed&limit=10'
    """
    where = listing.where()
    if not caller.sees_all:
        if not caller.sees(where.owner or caller.owner):
            return {"jobs": [], "cursor": None}
        where = where._replace(owner=caller.owner)
    page = await services.store.jobs.list(where, listing.limit, listing.cursor)
    return {"jobs": [job_view(record) for record in page.jobs], "cursor": page.cursor}


@routes.get("/v1/jobs/{job_id}", responses=documented(s404="there is no such job"))
async def get(job_id: str, caller: Reader, services: Wired) -> JobView:
    """One job with its attempts.

    curl http://127.0.0.1:8700/v1/jobs/job-…
    """
    records = await services.store.jobs.get([job_id])
    if not (records and caller.sees(records[0].owner)):
        raise UnknownJob(job_id)
    return await with_attempts(services, records[0])


async def with_attempts(services: Services, record: JobRecord) -> JobView:
    """The job as single answers show it."""
    return whole_job_view(record, await services.store.jobs.attempts(record.job_id))
