"""The OpenAPI document, and the page made from it."""

from html.parser import HTMLParser
from typing import Any

import pytest
from fastapi.openapi.models import OpenAPI

from jobhive.api.job_request import JobRequest
from jobhive.testing import complete, fail, insert_one, retry, start_one
from tests.api.conftest import Anything, Changes, Site, kinds_of
from tests.api.test_workers import ANN

ROUTES = {
    "POST /v1/jobs",
    "GET /v1/jobs",
    "GET /v1/jobs/{job_id}",
    "DELETE /v1/jobs/{job_id}",
    "POST /v1/jobs/{job_id}/cancel",
    "POST /v1/jobs/{job_id}/retry",
    "GET /v1/jobs/{job_id}/stream",
    "POST /v1/inference",
    "GET /v1/inference/{job_id}/stream",
    "GET /v1/queues",
    "PATCH /v1/queues/{queue}",
    "POST /v1/queues/{queue}/pause",
    "POST /v1/queues/{queue}/resume",
    "GET /v1/workers/active",
    "GET /v1/workers/active/{worker_id}",
    "POST /v1/workers/active/{worker_id}/retire",
    "GET /v1/workers/heartbeats/stream",
    "GET /v1/tokens",
    "POST /v1/tokens",
    "DELETE /v1/tokens/{token_id}",
    "GET /v1/audit",
    "GET /health",
    "GET /health/deep",
    "GET /metrics",
}


async def document(site: Site) -> dict[str, Any]:
    answer = await site.client.get("/openapi.json")
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


def operations(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in told["paths"].items()
        for method, operation in methods.items()
    }


def references(node: Any) -> set[str]:
    """Everything that the document refers to."""
    if isinstance(node, list):
        return {found for child in node for found in references(child)}
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
    return own | {found for child in node.values() for found in references(child)}


@pytest.mark.parametrize("site", [Changes(), Changes(kinds=kinds_of(noop=Anything))], indirect=True)
async def test_the_document_is_valid_and_names_every_route(site: Site) -> None:
    told = await document(site)
    OpenAPI.model_validate(told)
    assert operations(told).keys() == ROUTES
    schemas = {f"#/components/schemas/{name}" for name in told["components"]["schemas"]}
    assert references(told) <= schemas


async def test_every_operation_says_what_it_does_with_an_example_and_problems(site: Site) -> None:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for name, operation in operations(await document(site)).items():
        assert operation["tags"], name
        assert "curl" in operation["description"], name
        for status, answer in operation["responses"].items():
            assert answer["description"], name
            if status == "default" or status >= "400":
                assert answer["content"] == problem, name


async def test_bodies_are_described(site: Site) -> None:
    told = operations(await document(site))

    def body(name: str) -> dict[str, Any]:
        schema: dict[str, Any] = told[name]["requestBody"]["content"]["application/json"]["schema"]
        return schema

    assert body("POST /v1/jobs")["properties"].keys() == JobRequest.model_fields.keys()
    assert body("POST /v1/jobs")["required"] == ["kind", "params"]
    assert body("POST /v1/jobs")["additionalProperties"] is False
    assert body("POST /v1/inference")["properties"].keys() == {"prompt", "max_tokens", "temperature", "key"}
    assert body("POST /v1/inference")["required"] == ["prompt"]
    assert body("PATCH /v1/queues/{queue}")["properties"].keys() == {"running_limit", "depth_limit"}
    assert "requestBody" not in told["POST /v1/jobs/{job_id}/cancel"]


async def test_answers_that_name_something_lead_on_to_it(site: Site) -> None:
    told = operations(await document(site))
    named = {operation["operationId"]: name for name, operation in told.items()}
    for source, parameter in (("POST /v1/jobs", "{job_id}"), ("GET /v1/tokens", "{token_id}")):
        for status in set(told[source]["responses"]) & {"200", "201"}:
            links = told[source]["responses"][status]["links"].values()
            assert {named[link["operationId"]] for link in links} == {name for name in ROUTES if parameter in name}


async def test_parameters_are_there_or_left_out_and_never_null(site: Site) -> None:
    for name, operation in operations(await document(site)).items():
        for parameter in operation.get("parameters", ()):
            assert "null" not in str(parameter["schema"]), (name, parameter["name"])


async def test_answers_are_as_described(site: Site) -> None:
    """FastAPI checks what a route returns against its model; here, that the model told is the one checked."""
    told = operations(await document(site))
    for name in ROUTES - {"GET /metrics", *(route for route in ROUTES if route.endswith("/stream"))}:
        answers = told[name]["responses"]
        described = answers.get("200", answers.get("201"))["content"]["application/json"]["schema"]
        assert references(described), name


async def test_problems_are_as_described(site: Site) -> None:
    schema = (await document(site))["components"]["schemas"]["Problem"]
    for answer in (
        await site.client.get("/v1/jobs/x"),
        await site.client.get("/v1/jobs?limit=x"),
        await site.client.post("/v1/jobs", json={}),
        await site.client.delete(f"/v1/jobs/{(await ended(site))[0]}"),
    ):
        assert answer.status_code >= 400
        assert set(schema["required"]) <= answer.json().keys() <= set(schema["properties"])


async def ended(site: Site) -> list[str]:
    claims = [await start_one(site.store) for _ in range(3)]
    await site.store.jobs.finish([complete(claims[0]), fail(claims[1]), retry(claims[2])])
    return [claim.job_id for claim in claims]


async def test_answers_hold_nothing_that_is_not_described(site: Site) -> None:
    schemas = (await document(site))["components"]["schemas"]
    await ended(site)
    await insert_one(site.store, key="k")
    await site.store.workers.beat(ANN)
    page = (await site.client.get("/v1/jobs")).json()
    for told, name in [
        *((job, "JobView") for job in page["jobs"]),
        (page, "JobPage"),
        ((await site.client.get("/v1/queues")).json()["queues"][0], "QueueView"),
        ((await site.client.get("/v1/workers/active")).json()["workers"][0], "WorkerView"),
        ((await site.client.get("/health")).json(), "Health"),
        ((await site.client.get("/health/deep")).json(), "DeepHealth"),
    ]:
        assert set(schemas[name]["required"]) <= told.keys() <= set(schemas[name]["properties"]), name


class Page(HTMLParser):
    """What a browser would fetch or run, and what it would show."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links |= {value or "" for name, value in attrs if name in {"src", "href", "action", "data"}}

    def handle_data(self, data: str) -> None:
        self.text += data


async def test_the_page_of_routes_loads_nothing_and_runs_nothing(site: Site) -> None:
    answer = await site.client.get("/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    page = Page(answer.text)
    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    assert page.links == {"/openapi.json"}
    for route in ROUTES:
        assert route in page.text
