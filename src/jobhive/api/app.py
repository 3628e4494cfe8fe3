"""The API put together: routes, what surrounds them, and how errors are told."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from jobhive.api import audit, docs, health, inference, job_control, jobs, metrics, queues, streams, tokens, workers
from jobhive.api.access import declared
from jobhive.api.failures import Failures
from jobhive.api.guard import Guard
from jobhive.api.headers import SafeHeaders
from jobhive.api.hosts import OwnHosts
from jobhive.api.openapi import Api
from jobhive.api.problems import answer_error, answer_http, answer_invalid, problem_response
from jobhive.api.services import Services
from jobhive.core.errors import JobhiveError

_ROOMS = (jobs, job_control, streams, inference, queues, workers, tokens, audit, health, metrics, docs)


def create_api(services: Services) -> FastAPI:
    """The ASGI application. It opens and closes nothing: the services are open before its first request."""
    api = Api(
        title="Jobhive",
        description="Durable jobs that run and stream live. Errors are problem details (RFC 9457) with a `code`.",
        version=services.version,
        docs_url=None,  # FastAPI's pages load scripts from other hosts; ours are in docs.py
        redoc_url=None,
        redirect_slashes=False,
        responses={"default": problem_response("any other error")},
        exception_handlers={
            JobhiveError: answer_error,
            RequestValidationError: answer_invalid,
            HTTPException: answer_http,
        },
        middleware=[
            Middleware(SafeHeaders),
            Middleware(OwnHosts, allowed_hosts=services.allowed_hosts),
            Middleware(Failures),
        ],
    )
    api.state.services = services
    api.state.guard = Guard(services.store, services.max_streams, services.max_streams_per_token)
    for room in _ROOMS:
        api.needs += declared(room.routes)
        api.include_router(room.routes)
    api.state.routes = [route for route, _ in api.needs]
    return api
