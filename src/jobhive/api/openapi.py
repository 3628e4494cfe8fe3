"""The OpenAPI document, with what FastAPI cannot know: problem details, bodies, and the params of `generate`."""

from collections.abc import Iterator
from copy import deepcopy
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from jobhive.api import inference
from jobhive.api.access import Needs
from jobhive.api.problems import SCHEMA_REF, Problem, problem_response
from jobhive.api.services import Services
from jobhive.core.validation import WITHOUT_NUL

_BEARER = "bearer"
_NAMING = (  # path, method, the parameter of other routes that its answer holds, and where
    ("/v1/jobs", "post", "job_id", "$response.body#/job_id"),
    ("/v1/jobs", "get", "job_id", "$response.body#/jobs/0/id"),
    ("/v1/inference", "post", "job_id", "$response.body#/job_id"),
    ("/v1/queues", "get", "queue", "$response.body#/queues/0/name"),
    ("/v1/workers/active", "get", "worker_id", "$response.body#/workers/0/id"),
    ("/v1/tokens", "post", "token_id", "$response.body#/id"),
    ("/v1/tokens", "get", "token_id", "$response.body#/tokens/0/id"),
)
_REFUSALS = {
    HTTPStatus.UNAUTHORIZED: "the call shows no token that holds, and this server asks for one",
    HTTPStatus.FORBIDDEN: "the token has not the scope",
    HTTPStatus.TOO_MANY_REQUESTS: "the token calls too often; `Retry-After` says when to try again",
}


class Api(FastAPI):
    """A FastAPI application whose OpenAPI document is true."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.needs: list[tuple[APIRoute, Needs]] = []  # what each route asks of its caller

    def openapi(self) -> dict[str, Any]:
        """The document; made once, when it is first asked for."""
        if self.openapi_schema is None:
            document = deepcopy(super().openapi())  # parts of it belong to the routes, which other APIs share
            schemas: dict[str, Any] = document["components"]["schemas"]
            schemas["Problem"] = TypeAdapter(Problem).json_schema(ref_template=SCHEMA_REF)
            document["paths"]["/v1/inference"]["post"]["requestBody"] = _inference_body(self.state.services)
            _tell_access(document, self.needs)
            _tell_links(document)
            for parameter in _parameters(document):
                _never_null(parameter["schema"])
            for schema in [schemas["Problem"], *_body_schemas(document)]:
                _move_definitions(schema, schemas)
            self.openapi_schema = document
        return self.openapi_schema


def _tell_access(document: dict[str, Any], needs: list[tuple[APIRoute, Needs]]) -> None:
    """Which scopes each route needs: one of those listed. Without any token in the store nobody is asked."""
    told = "A token, `jh_…`; needed by every call once the store has one. Scopes: one of those listed."
    document["components"]["securitySchemes"] = {_BEARER: {"type": "http", "scheme": "bearer", "description": told}}
    for route, asked in needs:
        for method in route.methods or () if route.include_in_schema else ():
            operation = document["paths"][route.path][method.lower()]
            operation["security"] = [{_BEARER: [scope]} for scope in asked.any_of]
            for status, reason in _REFUSALS.items() if asked.any_of else ():
                operation["responses"].setdefault(str(status.value), problem_response(reason))


def _inference_body(services: Services) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    if inference.KIND in services.kinds:
        schema = services.kinds[inference.KIND].kind.params.model_json_schema(ref_template=SCHEMA_REF)
    key = {
        "type": ["string", "null"],
        "minLength": 1,
        "maxLength": 512,
        "pattern": WITHOUT_NUL,
        "description": "Idempotency key.",
    }
    schema["properties"] = {**schema.get("properties", {}), "key": key}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _tell_links(document: dict[str, Any]) -> None:
    """Where to go on from an answer that names what it made, or what there is."""
    for path, method, name, where in _NAMING:
        links = {
            operation["operationId"]: {"operationId": operation["operationId"], "parameters": {name: where}}
            for asked, operations in document["paths"].items()
            for operation in operations.values()
            if f"{{{name}}}" in asked
        }
        for status, answer in document["paths"][path][method]["responses"].items():
            if status.startswith("2"):
                answer["links"] = links


def _parameters(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in document["paths"].values():
        for operation in operations.values():
            yield from operation.get("parameters", ())


def _never_null(schema: dict[str, Any]) -> None:
    """A parameter is there or left out: `null` would be a word of four letters."""
    if "anyOf" in schema:
        [given] = [variant for variant in schema.pop("anyOf") if variant != {"type": "null"}]
        schema |= given


def _body_schemas(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in document["paths"].values():
        for operation in operations.values():
            if "requestBody" in operation:
                yield operation["requestBody"]["content"]["application/json"]["schema"]


def _move_definitions(schema: dict[str, Any], schemas: dict[str, Any]) -> None:
    """What the schema refers to goes where OpenAPI looks for it."""
    for name, definition in schema.pop("$defs", {}).items():
        schemas.setdefault(name, definition)
