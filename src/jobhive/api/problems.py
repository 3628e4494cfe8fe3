"""Errors as problem details (RFC 9457). `code` is stable; nothing that the caller sent is echoed."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, NotRequired, cast

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import JsonValue
from pydantic_core import ErrorDetails, to_json
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from typing_extensions import TypedDict

from jobhive.core.errors import (
    FieldError,
    IllegalTransition,
    InvalidInput,
    JobhiveError,
    KeyReused,
    QueueFull,
    StoreError,
    StoreFull,
    StoreUnavailable,
    UnknownJob,
    UnknownKind,
    UnknownToken,
    UnknownWorker,
)
from jobhive.core.states import State

MEDIA_TYPE = "application/problem+json"

_MOST_ERRORS = 100  # an answer stays small, however many mistakes the caller found room for
_LONGEST_FIELD = 200


class Refused(JobhiveError):
    """A request that the HTTP layer itself turns down."""

    code = "REFUSED"
    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST

    def __init__(
        self,
        detail: str,
        errors: Sequence[FieldError] = (),
        *,
        headers: Mapping[str, str] | None = None,
        retry_after: int | None = None,
    ) -> None:
        self.errors = tuple(errors)
        self.headers = headers
        self.retry_after = retry_after  # seconds
        super().__init__(detail)


class Fault(TypedDict):
    """One thing wrong with one input field."""

    field: str
    constraint: str
    message: str


class Problem(TypedDict):
    """What went wrong. `code` is stable: programs may branch on it."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: NotRequired[str]  # `urn:uuid:…` of an unexpected failure, which the server's log holds too
    errors: NotRequired[list[Fault]]  # for input: all that is wrong with it
    job_id: NotRequired[str]  # the job that is in the way
    state: NotRequired[State]  # the state it is in
    retry_after: NotRequired[int]  # seconds


_STATUSES: Mapping[type[JobhiveError], HTTPStatus] = {
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnknownKind: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnknownJob: HTTPStatus.NOT_FOUND,
    UnknownWorker: HTTPStatus.NOT_FOUND,
    UnknownToken: HTTPStatus.NOT_FOUND,
    IllegalTransition: HTTPStatus.CONFLICT,
    KeyReused: HTTPStatus.CONFLICT,
    QueueFull: HTTPStatus.SERVICE_UNAVAILABLE,
    StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    StoreError: HTTPStatus.SERVICE_UNAVAILABLE,
    StoreFull: HTTPStatus.INSUFFICIENT_STORAGE,
}
_RETRY_STORE_SECONDS = 2


class ProblemResponse(Response):
    """A problem document with its status, and `Retry-After` where it has one."""

    media_type = MEDIA_TYPE

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        told = dict(headers or {})
        if "retry_after" in problem:
            told["Retry-After"] = str(problem["retry_after"])
        super().__init__(to_json(problem), problem["status"], told)


def problem(status: int, code: str, detail: str) -> Problem:
    """The members that every problem has."""
    return {
        "type": "about:blank",  # RFC 9457 section 4.2.1: the status says it; `code` says it exactly
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }


def to_problem(error: JobhiveError) -> Problem:
    """What a client is told of an error that Jobhive raised on purpose."""
    told = problem(_status_of(error), error.code, str(error))
    match error:
        case InvalidInput():
            told["detail"] = f"{error.what}: {_counted(error.errors)}"
            told["errors"] = _faults(error.errors)
        case UnknownKind():
            told["errors"] = [Fault(field="kind", constraint="unknown_kind", message=str(error))]
        case IllegalTransition():
            told["job_id"], told["state"] = error.job_id, error.state
        case KeyReused():
            told["job_id"] = error.job_id
        case QueueFull():
            told["retry_after"] = error.retry_after_seconds
        case StoreUnavailable():
            told["retry_after"] = _RETRY_STORE_SECONDS
        case Refused():
            _tell_refusal(told, error)
        case _:
            pass
    return told


def _tell_refusal(told: Problem, refusal: Refused) -> None:
    if refusal.errors:
        told["errors"] = _faults(refusal.errors)
    if refusal.retry_after is not None:
        told["retry_after"] = refusal.retry_after


def _status_of(error: JobhiveError) -> HTTPStatus:
    if isinstance(error, Refused):
        return error.status
    known = (_STATUSES[type_] for type_ in type(error).__mro__ if type_ in _STATUSES)
    return next(known, HTTPStatus.INTERNAL_SERVER_ERROR)


def _counted(errors: Sequence[FieldError]) -> str:
    return "1 error" if len(errors) == 1 else f"{len(errors)} errors"


def _faults(errors: Sequence[FieldError]) -> list[Fault]:
    return [
        Fault(field=error.field[:_LONGEST_FIELD], constraint=error.constraint, message=error.message)
        for error in errors[:_MOST_ERRORS]
    ]


# ---- handlers that the application registers -------------------------------------------------------------------


async def answer_error(_: Request, error: Exception) -> Response:
    """For JobhiveError."""
    headers = error.headers if isinstance(error, Refused) else None
    return ProblemResponse(to_problem(cast("JobhiveError", error)), headers)


async def answer_invalid(_: Request, error: Exception) -> Response:
    """For parameters of path, query and headers that FastAPI refused."""
    complaints = cast("Sequence[ErrorDetails]", cast("RequestValidationError", error).errors())
    errors = [_parameter_error(complaint) for complaint in complaints]
    return ProblemResponse(to_problem(InvalidInput("the request is not valid", errors)))


def _parameter_error(complaint: ErrorDetails) -> FieldError:
    name = ".".join(map(str, complaint["loc"][1:]))
    return FieldError(name, complaint["type"], complaint["msg"])


async def answer_http(request: Request, error: Exception) -> Response:
    """For what the routing refuses: no such route, a method that it does not have."""
    refusal = cast("HTTPException", error)
    code = HTTPStatus(refusal.status_code).name
    detail = f"{refusal.detail}: {request.method} {request.url.path[:_LONGEST_FIELD]}; /openapi.json lists all routes"
    methods = _methods(request)
    return ProblemResponse(
        problem(refusal.status_code, code, detail), {"Allow": methods} if methods else refusal.headers
    )


def _methods(request: Request) -> str:
    """What the path can be asked for; the routing itself tells the methods of one of its routes alone."""
    routes: Sequence[APIRoute] = request.app.state.routes
    here = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return ", ".join(sorted({method for route in here for method in route.methods or ()}))


# ---- documentation ---------------------------------------------------------------------------------------------

SCHEMA_REF = "#/components/schemas/{model}"

Responses = dict[int | str, dict[str, Any]]


def documented(**reasons: str) -> Responses:
    """OpenAPI answers for statuses, such as `s404="there is no such job"`; each is a problem document."""
    return {int(status[1:]): problem_response(reason) for status, reason in reasons.items()}


def problem_response(reason: str) -> dict[str, JsonValue]:
    """One answer as OpenAPI describes it."""
    return {"description": reason, "content": {MEDIA_TYPE: {"schema": {"$ref": SCHEMA_REF.format(model="Problem")}}}}
