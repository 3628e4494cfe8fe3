"""The OpenAPI document, with what FastAPI cannot know: problem details, and the params of the kind `generate`."""

from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from jobhive.api import inference
from jobhive.api.problems import Problem
from jobhive.api.services import Services

_REF = "#/components/schemas/{model}"


class Api(FastAPI):
    """A FastAPI application whose OpenAPI document is true."""

    def openapi(self) -> dict[str, Any]:
        """The document; made once, when it is first asked for."""
        if self.openapi_schema is None:
            document = super().openapi()
            schemas: dict[str, Any] = document["components"]["schemas"]
            schemas["Problem"] = _flat(TypeAdapter(Problem).json_schema(ref_template=_REF), schemas)
            document["paths"]["/v1/inference"]["post"]["requestBody"] = self._inference_body(schemas)
        return self.openapi_schema or {}

    def _inference_body(self, schemas: dict[str, Any]) -> dict[str, Any]:
        services: Services = self.state.services
        schema: dict[str, Any] = {"type": "object", "properties": {}}
        if inference.KIND in services.kinds:
            params = services.kinds[inference.KIND].kind.params
            schema = _flat(params.model_json_schema(ref_template=_REF), schemas)
        schema["properties"] |= {"key": {"type": "string", "description": "Idempotency key."}}
        return {"required": True, "content": {"application/json": {"schema": schema}}}


def _flat(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """The schema with what it refers to moved to where all schemas are."""
    for name, definition in schema.pop("$defs", {}).items():
        schemas.setdefault(name, definition)
    return schema
