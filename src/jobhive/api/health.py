"""Whether the server is there, and whether its store is well."""

from typing import Literal

from fastapi import APIRouter
from typing_extensions import TypedDict

from jobhive.api.access import OPEN, Watcher
from jobhive.api.problems import documented
from jobhive.api.services import Wired

routes = APIRouter(tags=["health"])


class Health(TypedDict):
    """The server answers."""

    status: Literal["ok"]
    version: str


class DeepHealth(Health):
    """The server answers and its store is well."""

    store: str  # its URL, without secrets
    checks: dict[str, str]  # what was checked, and what it said


@routes.get("/health", dependencies=[OPEN])
async def health(services: Wired) -> Health:
    """Answers without looking at anything: the process is alive.

    curl http://127.0.0.1:8700/health
    """
    return {"status": "ok", "version": services.version}


@routes.get("/health/deep", responses=documented(s503="the store is not well; `detail` says how"))
async def deep_health(_: Watcher, services: Wired) -> DeepHealth:
    """Checks the store.

    curl http://127.0.0.1:8700/health/deep
    """
    checks = await services.store.check()
    return {"status": "ok", "version": services.version, "store": services.store.url, "checks": dict(checks)}
