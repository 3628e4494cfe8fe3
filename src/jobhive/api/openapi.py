"""The OpenAPI document, with what FastAPI cannot know: problem details, bodies, and the params of `generate`."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from jobhive.api import inference
from jobhive.api.problems import SCHEMA_REF, Problem
from jobhive.api.services import Services


class Api(FastAPI):
    """A FastAPI application whose OpenAPI document is true."""

    def openapi(self) -> dict[str, Any]:
        """The document; made once, when it is first asked for."""
        if self.openapi_schema is None:
            document = deepcopy(super().openapi())  # parts of it belong to the routes, which other APIs share
            schemas: dict[str, Any] = document["components"]["schemas"]
            schemas["Problem"] = TypeAdapter(Problem).json_schema(ref_template=SCHEMA_REF)
            document["paths"]["/v1/inference"]["post"]["requestBody"] = _inference_body(self.state.services)
            for schema in [schemas["Problem"], *_body_schemas(document)]:
                _move_definitions(schema, schemas)
            self.openapi_schema = document
        return self.openapi_schema


def _inference_body(services: Services) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    if inference.KIND in services.kinds:
        schema = services.kinds[inference.KIND].kind.params.model_json_schema(ref_template=SCHEMA_REF)
    key = {"type": "string", "minLength": 1, "maxLength": 512, "description": "Idempotency key."}
    schema["properties"] = {**schema.get("properties", {}), "key": key}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _body_schemas(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in document["paths"].values():
        for operation in operations.values():
            if "requestBody" in operation:
                yield operation["requestBody"]["content"]["application/json"]["schema"]


def _move_definitions(schema: dict[str, Any], schemas: dict[str, Any]) -> None:
    """What the schema refers to goes where OpenAPI looks for it."""
    for name, definition in schema.pop("$defs", {}).items():
        schemas.setdefault(name, definition)
