"""Active workers, as their heartbeats tell them."""

from collections.abc import Iterator
from datetime import datetime

from fastapi import APIRouter
from typing_extensions import TypedDict

from jobhive.api.access import Retiring, Watcher, WatchPlace
from jobhive.api.problems import documented
from jobhive.api.services import Wired
from jobhive.api.sse import EVENT_SCHEMA, RECONNECT, SSE, EventStream, Frames, json_of
from jobhive.core.clock import from_ms
from jobhive.core.errors import UnknownWorker
from jobhive.core.record import WorkerRecord
from jobhive.store.port import Store
from jobhive.store.signals import WORKERS

routes = APIRouter(tags=["workers"])

_LOOK_EVERY_SECONDS = 1.0  # heartbeats ring no bell of their own


class WorkerView(TypedDict):
    """An active worker."""

    id: str
    name: str
    node: str
    pid: int
    state: str
    queues: list[str]
    kinds: list[str]
    slots: int
    running: int
    completed: int
    errors: int
    started_at: datetime
    seen_at: datetime
    is_retiring: bool


class WorkerList(TypedDict):
    """Those that gave a sign of life within one lease, oldest first."""

    workers: list[WorkerView]


@routes.get("/v1/workers/active")
async def ls(_: Watcher, services: Wired) -> WorkerList:
    """All active workers.

    curl http://127.0.0.1:8700/v1/workers/active
    """
    return {"workers": [worker_view(worker) for worker in await services.store.workers.active()]}


@routes.get(
    "/v1/workers/heartbeats/stream",
    status_code=200,
    response_class=EventStream,
    responses={
        200: {"description": "`heartbeat` and `gone` events, without end", "content": {SSE: {"schema": EVENT_SCHEMA}}}
    },
)
async def heartbeats(_: Watcher, place: WatchPlace, services: Wired) -> EventStream:
    """Signs of life as they come: `heartbeat {worker}` for each worker, at first for all, and `gone {worker_id}`.

    curl -N http://127.0.0.1:8700/v1/workers/heartbeats/stream
    """
    return EventStream(_frames(services.store), SSE, services.ping_every, place)


@routes.get("/v1/workers/active/{worker_id}", responses=documented(s404="there is no such active worker"))
async def get(worker_id: str, _: Watcher, services: Wired) -> WorkerView:
    """One active worker.

    curl http://127.0.0.1:8700/v1/workers/active/worker-…
    """
    for worker in await services.store.workers.active():
        if worker.worker_id == worker_id:
            return worker_view(worker)
    raise UnknownWorker(worker_id)


@routes.post("/v1/workers/active/{worker_id}/retire", responses=documented(s404="there is no such active worker"))
async def retire(worker_id: str, caller: Retiring, services: Wired) -> WorkerView:
    """Asks a worker to take no new jobs, finish those it has, and exit.

    curl -X POST http://127.0.0.1:8700/v1/workers/active/worker-…/retire
    """
    return worker_view(await services.store.workers.retire(worker_id, by=caller.name))


def worker_view(worker: WorkerRecord) -> WorkerView:
    """The worker as clients see it."""
    return {
        "id": worker.worker_id,
        "name": worker.name,
        "node": worker.node,
        "pid": worker.pid,
        "state": worker.state,
        "queues": list(worker.queues),
        "kinds": list(worker.kinds),
        "slots": worker.slots,
        "running": worker.running,
        "completed": worker.completed,
        "errors": worker.errors,
        "started_at": from_ms(worker.started_at_ms),
        "seen_at": from_ms(worker.seen_at_ms),
        "is_retiring": worker.is_retiring,
    }


async def _frames(store: Store) -> Frames:
    yield RECONNECT
    known: dict[str, WorkerRecord] = {}
    with store.signals.listen(WORKERS) as wake:
        while True:
            active = {worker.worker_id: worker for worker in await store.workers.active()}
            for told in _changes(known, active):
                yield b"data: %b\n\n" % json_of(told | {"at": store.clock.now()})
            known = active
            await wake.wait(_LOOK_EVERY_SECONDS)


def _changes(known: dict[str, WorkerRecord], active: dict[str, WorkerRecord]) -> Iterator[dict[str, object]]:
    for worker_id, worker in active.items():
        if known.get(worker_id) != worker:
            yield {"type": "heartbeat", "worker": worker_view(worker)}
    for worker_id in known.keys() - active.keys():
        yield {"type": "gone", "worker_id": worker_id}
