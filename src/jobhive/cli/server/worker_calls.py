"""What the terminal asks of the server about active workers."""

from urllib.parse import quote

from pydantic import TypeAdapter

from jobhive.cli.server.http import Api, JsonObject
from jobhive.cli.server.views import WorkerView, read_as

_objects = TypeAdapter(list[JsonObject])


def list_workers(api: Api) -> list[JsonObject]:
    """Those that gave a sign of life within one lease."""
    return _objects.validate_python(api.get("/v1/workers/active").get("workers"))


def get_worker(api: Api, worker_id: str) -> JsonObject:
    """One of them."""
    return api.get(_path(worker_id))


def retire_worker(api: Api, worker_id: str) -> str:
    """Asks it to finish and exit; says what came of it."""
    worker = read_as(WorkerView, api.post(_path(worker_id, "/retire")))
    return f"{worker.id} takes no new jobs and exits after the {worker.running} it has"


def _path(worker_id: str, act: str = "") -> str:
    return f"/v1/workers/active/{quote(worker_id, safe='')}{act}"
