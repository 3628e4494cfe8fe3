"""`POST /v1/inference`: the params of the kind `generate`, without an envelope."""

from collections.abc import Sequence
from http import HTTPStatus

from fastapi import APIRouter, Response
from pydantic_core import to_json

from jobhive.api.access import Submitting
from jobhive.api.body import JsonBody, JsonObject, body_problems
from jobhive.api.job_request import params_errors
from jobhive.api.jobs import Submitted
from jobhive.api.problems import Refused, documented
from jobhive.api.services import Wired
from jobhive.client.options import Options
from jobhive.client.registry import Kinds
from jobhive.core.errors import FieldError, InvalidInput

KIND = "generate"

routes = APIRouter(tags=["inference"])


class NoInference(Refused):
    """This server does not know the kind that generates."""

    code = "INFERENCE_UNAVAILABLE"
    status = HTTPStatus.SERVICE_UNAVAILABLE


@routes.post(
    "/v1/inference",
    status_code=201,
    response_model=Submitted,
    responses={200: {"model": Submitted, "description": "the key is known: this is the earlier job"}}
    | body_problems()
    | documented(
        s409="the key belongs to a job with other params",
        s503="this server has no inference, the queue is full, or the store is busy",
        s507="the store has no room",
    ),
)
async def infer(caller: Submitting, body: JsonBody, services: Wired, response: Response) -> Submitted:
    """Stores a generation; its tokens come on `sse_url`. The server makes the id; send a `key` to make the call
    safe to repeat.

        curl --json '{"prompt": "The capital of France is", "max_tokens": 16}' http://127.0.0.1:8700/v1/inference
        curl -N http://127.0.0.1:8700/v1/inference/job-…/stream
    """
    params, options = _read(body.fields, services.kinds)
    try:
        inserted = await services.submitter.submit(KIND, to_json(params), options, caller.owner, by=caller.name)
    except InvalidInput as error:
        raise _invalid(error.errors) from None
    response.status_code = 201 if inserted.is_new else 200
    return {"job_id": inserted.job_id, "sse_url": f"/v1/inference/{inserted.job_id}/stream"}


def _read(fields: JsonObject, kinds: Kinds) -> tuple[JsonObject, Options]:
    if KIND not in kinds:
        raise NoInference(f"this server has no kind {KIND!r}; start one with a model: `jobhive up --model PATH`")
    params = {name: value for name, value in fields.items() if name not in {"key", "job_id"}}
    try:
        _refuse_job_id(fields)
        return params, _options(fields)
    except InvalidInput as error:
        raise _invalid([*error.errors, *params_errors(KIND, params, kinds)]) from None


def _refuse_job_id(fields: JsonObject) -> None:
    if "job_id" in fields:
        message = "the server makes the id; send `key` to make a call safe to repeat"
        raise _invalid([FieldError("job_id", "extra_forbidden", message)])


def _options(fields: JsonObject) -> Options:
    key = fields.get("key")
    if not isinstance(key, str | None):
        raise _invalid([FieldError("key", "string_type", "Input should be a valid string")])
    return Options(key=key)


def _invalid(errors: Sequence[FieldError]) -> InvalidInput:
    """The params are the whole body here, so their names stand alone."""
    stripped = [error._replace(field=error.field.removeprefix("params.")) for error in errors]
    return InvalidInput("the request is not valid", stripped)
