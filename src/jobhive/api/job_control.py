"""What can be done to a job that exists: cancel, retry, purge."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from jobhive.api.access import Steering, check_owner
from jobhive.api.job_view import JobView
from jobhive.api.jobs import with_attempts
from jobhive.api.problems import documented
from jobhive.api.services import Services, Wired
from jobhive.core.access import Caller

routes = APIRouter(tags=["jobs"])

_REASON = "asked over HTTP"


@routes.post(
    "/v1/jobs/{job_id}/cancel",
    responses=documented(s404="there is no such job", s409="the job is complete or failed"),
)
async def cancel(job_id: str, caller: Steering, services: Wired) -> JobView:
    """Cancels a job: at once where it does not run, otherwise as soon as its handler has stopped (`cancel_requested`).

    Cancelling a cancelled job changes nothing and succeeds.

        curl -X POST http://127.0.0.1:8700/v1/jobs/job-…/cancel
    """
    return await _cancelled(job_id, caller, services)


@routes.delete(
    "/v1/jobs/{job_id}",
    response_model=JobView,
    responses=documented(
        s404="there is no such job",
        s409="the job is complete or failed and cannot be cancelled; with `purge`: it has not ended yet",
    )
    | {204: {"description": "with `purge`: the job is gone, with its events and attempts"}},
)
async def delete(
    job_id: str,
    caller: Steering,
    services: Wired,
    purge: Annotated[bool, Query(description="Forget a job that has ended.")] = False,
) -> JobView | Response:
    """Cancels a job, as `POST …/cancel` does; with `?purge=true` deletes one that has ended.

    curl -X DELETE http://127.0.0.1:8700/v1/jobs/job-…
    """
    if not purge:
        return await _cancelled(job_id, caller, services)
    await check_owner(services, caller, job_id)
    await services.store.jobs.purge(job_id, by=caller.name)
    return Response(status_code=204)


@routes.post(
    "/v1/jobs/{job_id}/retry",
    responses=documented(s404="there is no such job", s409="the job has not failed and was not cancelled"),
)
async def retry(job_id: str, caller: Steering, services: Wired) -> JobView:
    """Runs a failed or cancelled job again, with its failures forgotten; its stream goes on with `attempt`.

    curl -X POST http://127.0.0.1:8700/v1/jobs/job-…/retry
    """
    await check_owner(services, caller, job_id)
    return await with_attempts(services, await services.store.jobs.retry(job_id, by=caller.name))


async def _cancelled(job_id: str, caller: Caller, services: Services) -> JobView:
    await check_owner(services, caller, job_id)
    return await with_attempts(services, await services.store.jobs.cancel(job_id, _REASON, by=caller.name))
