"""`GET …/stream`: a job's events, from the first or from where a reader left off."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from starlette.responses import Response

from jobhive.api.problems import documented
from jobhive.api.services import Wired
from jobhive.api.sse import NDJSON, SSE, EventStream, job_frames, job_lines
from jobhive.streams.reader import last_number

routes = APIRouter(tags=["streams"])

_Number = Annotated[int | None, Query(ge=0, le=2**63 - 1)]


async def resumed_after(
    last_event_id: Annotated[int | None, Header(alias="Last-Event-ID", ge=0, le=2**63 - 1)] = None,
    after: _Number = None,
    starting_after: _Number = None,
) -> int:
    """The number of the last event that the reader has; the header wins, because browsers keep it up to date."""
    return next((number for number in (last_event_id, after, starting_after) if number is not None), 0)


After = Annotated[int, Depends(resumed_after)]


@routes.get("/v1/inference/{job_id}/stream", response_class=EventStream)
@routes.get("/v1/jobs/{job_id}/stream", response_class=EventStream)
async def stream(
    job_id: str, after: After, services: Wired, accept: Annotated[str, Header(include_in_schema=False)] = SSE
) -> Response:
    head = await services.reader.head(job_id)
    if head.state.is_final and after >= last_number(head):
        return Response(status_code=204)  # the answer that stops a browser from coming back
    events = services.reader.read(job_id, after)
    if NDJSON in accept and SSE not in accept:
        return EventStream(job_lines(events), NDJSON, services.ping_every)
    return EventStream(job_frames(events), SSE, services.ping_every)
