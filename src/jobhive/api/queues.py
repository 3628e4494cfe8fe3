"""Queues: how full they are, their limits, and holding them."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import TypedDict

from jobhive.api.access import Operator, Watcher
from jobhive.api.body import Body, JsonBody, body_problems, documented_body
from jobhive.api.problems import documented
from jobhive.api.services import Wired
from jobhive.core.kind import QUEUE_NAME
from jobhive.core.record import QueueStatus
from jobhive.core.validation import WHOLE, invalid
from jobhive.store.port import Limits

routes = APIRouter(tags=["queues"], responses=documented(s422="that cannot be the name of a queue"))

QueueName = Annotated[str, Path(pattern=f"^{QUEUE_NAME.pattern}$")]
_Limit = Annotated[int, Field(ge=1, le=2**31), WHOLE]


class QueueView(TypedDict):
    """A queue's figures at one instant."""

    name: str
    depth: int  # jobs that wait for a worker or for their time
    pending: int
    scheduled: int
    waiting: int
    running: int
    oldest_pending_seconds: float | None
    running_limit: int | None
    depth_limit: int | None
    is_paused: bool


class QueueList(TypedDict):
    """All queues that hold open jobs or have settings, by name."""

    queues: list[QueueView]


class QueueLimits(BaseModel):
    """Limits to set: a number, or null for none. What is left out stays as it is."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    running_limit: _Limit | None = Field(default=None, description="At most so many jobs run at once.")
    depth_limit: _Limit | None = Field(default=None, description="At most so many jobs wait.")


@routes.get("/v1/queues")
async def ls(_: Watcher, services: Wired) -> QueueList:
    """All queues that hold open jobs or have settings.

    curl http://127.0.0.1:8700/v1/queues
    """
    return {"queues": [queue_view(status) for status in await services.store.jobs.queues()]}


@routes.post("/v1/queues/{queue}/pause")
async def pause(queue: QueueName, caller: Operator, services: Wired) -> QueueView:
    """Holds a queue: it keeps its jobs and takes new ones, and none of them starts.

    curl -X POST http://127.0.0.1:8700/v1/queues/default/pause
    """
    await services.store.jobs.pause(queue, is_paused=True, by=caller.name)
    return await _view(queue, services)


@routes.post("/v1/queues/{queue}/resume")
async def resume(queue: QueueName, caller: Operator, services: Wired) -> QueueView:
    """Lets a held queue go on.

    curl -X POST http://127.0.0.1:8700/v1/queues/default/resume
    """
    await services.store.jobs.pause(queue, is_paused=False, by=caller.name)
    return await _view(queue, services)


@routes.patch(
    "/v1/queues/{queue}",
    openapi_extra=documented_body(QueueLimits, {"running_limit": 1, "depth_limit": 10_000}),
    responses=body_problems(),
)
async def limit(queue: QueueName, caller: Operator, body: JsonBody, services: Wired) -> QueueView:
    """Sets limits of a queue.

    curl -X PATCH --json '{"running_limit": 1}' http://127.0.0.1:8700/v1/queues/default
    """
    await services.store.jobs.limit(queue, **_read(body), by=caller.name)
    return await _view(queue, services)


def _read(body: Body) -> Limits:
    try:
        wanted = QueueLimits.model_validate_json(body.text)
    except ValidationError as error:
        raise invalid("the limits are not valid", error) from None
    limits = Limits()
    if "running_limit" in wanted.model_fields_set:
        limits["running"] = wanted.running_limit
    if "depth_limit" in wanted.model_fields_set:
        limits["depth"] = wanted.depth_limit
    return limits


async def _view(queue: str, services: Wired) -> QueueView:
    """Of a queue that has settings."""
    return next(queue_view(status) for status in await services.store.jobs.queues() if status.name == queue)


def queue_view(status: QueueStatus) -> QueueView:
    """The queue as clients see it."""
    oldest_ms = status.oldest_pending_ms
    return {
        "name": status.name,
        "depth": status.pending + status.scheduled,
        "pending": status.pending,
        "scheduled": status.scheduled,
        "waiting": status.waiting,
        "running": status.running,
        "oldest_pending_seconds": None if oldest_ms is None else oldest_ms / 1000,
        "running_limit": status.running_limit,
        "depth_limit": status.depth_limit,
        "is_paused": status.is_paused,
    }
