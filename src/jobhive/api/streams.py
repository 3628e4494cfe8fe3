"""`GET …/stream`: a job's events, from the first or from where a reader left off."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from starlette.responses import Response

from jobhive.api.access import Reader, StreamPlace, check_owner
from jobhive.api.body import JsonObject
from jobhive.api.problems import Responses, documented
from jobhive.api.services import Wired
from jobhive.api.sse import EVENT_SCHEMA, NDJSON, SSE, EventStream, as_frames, as_lines, job_frames
from jobhive.core.telling import last_number

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

_LINE: JsonObject = {
    "type": "object",
    "properties": {"seq": {"type": "integer", "minimum": 1}, "type": {"type": "string"}, "at": {"type": "string"}},
    "required": ["seq", "type", "at"],
}
_ANSWERS: Responses = documented(s404="there is no such job", s422="the number to go on from is none") | {
    200: {
        "description": "events until the job has ended, then `data: [DONE]`",
        "content": {
            SSE: {"schema": EVENT_SCHEMA, "example": 'id: 1\ndata: {"type": "started", "job_id": "job-…"}\n\n'},
            NDJSON: {"schema": _LINE, "example": '{"seq": 1, "type": "started", "job_id": "job-…"}\n'},
        },
    },
    204: {"description": "the job has ended and the reader has its last event: there is no need to come back"},
}


@routes.get("/v1/inference/{job_id}/stream", status_code=200, response_class=EventStream, responses=_ANSWERS)
@routes.get("/v1/jobs/{job_id}/stream", status_code=200, response_class=EventStream, responses=_ANSWERS)
async def stream(
    job_id: str,
    caller: Reader,
    place: StreamPlace,
    after: After,
    services: Wired,
    follow: Annotated[bool, Query(description="False ends the answer after the events there are by now.")] = True,
    accept: Annotated[str, Header(include_in_schema=False)] = SSE,
) -> Response:
    """A job's events, numbered without a gap: those that are stored, then those to come. Any number of readers.

    A reader that comes back sends the last `id` it saw as `Last-Event-ID` (browsers do), `?after=` or
    `?starting_after=`, and goes on exactly behind it. With `Accept: application/x-ndjson` each event is a line of JSON
    with its number as `seq`. A connection that closes without `[DONE]` asks the reader to come back. `?follow=false`
    waits for nothing: it tells what there is and ends.

        curl -N http://127.0.0.1:8700/v1/jobs/job-…/stream
    """
    await check_owner(services, caller, job_id)
    head = await services.reader.head(job_id)
    if head.state.is_final and after >= last_number(head):
        return Response(status_code=204)  # the answer that stops a browser from coming back
    if NDJSON in accept and SSE not in accept:
        lines = services.reader.read_as(job_id, after, as_lines, is_following=follow)
        return EventStream(lines, NDJSON, services.ping_every, place)
    frames = job_frames(services.reader.read_as(job_id, after, as_frames, is_following=follow))
    return EventStream(frames, SSE, services.ping_every, place)
