"""Errors are one shape, whatever went wrong."""

import logging
from collections.abc import AsyncGenerator

import httpx2
import pytest

from jobhive.api.sse import SSE, EventStream
from jobhive.core.errors import (
    JobhiveError,
    QueueFull,
    StoreError,
    StoreFull,
    StoreRefused,
    StoreUnavailable,
)
from tests.api.conftest import Site, forever

ALWAYS = {"type", "title", "status", "detail", "code"}


def checked(answer: httpx2.Response) -> dict[str, object]:
    """The problem, of which everything that all problems have was looked at."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    problem: dict[str, object] = answer.json()
    assert problem.keys() >= ALWAYS
    assert problem["status"] == answer.status_code
    return problem


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (StoreFull("disk full"), 507, None),
        (StoreUnavailable("locked"), 503, "2"),
        (StoreRefused("damaged"), 503, None),
        (StoreError("odd"), 503, None),
        (QueueFull("default", 3, 2, 17), 503, "17"),
        (JobhiveError("some other"), 500, None),
    ],
)
async def test_errors_raised_on_purpose(site: Site, error: JobhiveError, status: int, retry_after: str | None) -> None:
    async def broken() -> None:  # H15
        raise error

    site.api.add_api_route("/broken", broken)
    answer = await site.client.get("/broken")
    problem = checked(answer)
    assert (answer.status_code, problem["code"], problem["detail"]) == (status, error.code, str(error))
    assert answer.headers.get("retry-after") == retry_after


async def test_what_nobody_expected_is_told_to_the_log_and_not_to_the_client(  # H14
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken() -> None:
        raise ZeroDivisionError("secret")

    site.api.add_api_route("/broken", broken)
    with caplog.at_level(logging.ERROR):
        answer = await site.client.get("/broken")
    problem = checked(answer)
    assert (answer.status_code, problem["code"]) == (500, "INTERNAL_ERROR")
    assert problem.keys() == ALWAYS | {"instance"}
    assert not {"secret", "ZeroDivisionError", "Traceback", "broken"} & set(answer.text.split())
    assert "secret" not in answer.text
    [record] = caplog.records
    failure_id = str(problem["instance"]).removeprefix("urn:uuid:")
    told = str(vars(record))
    assert failure_id in told
    assert "Traceback" in told
    assert "secret" in told


@pytest.mark.parametrize(("error", "level"), [(StoreUnavailable("locked"), "WARNING"), (ZeroDivisionError(), "ERROR")])
async def test_a_stream_that_fails_ends_in_good_order_without_done(
    site: Site, caplog: pytest.LogCaptureFixture, error: Exception, level: str
) -> None:
    async def frames() -> AsyncGenerator[bytes, None]:
        yield b"id: 1\ndata: {}\n\n"
        raise error

    async def broken() -> EventStream:
        return EventStream(frames(), SSE, site.api.state.services.ping_every, forever)

    site.api.add_api_route("/broken", broken, response_class=EventStream)
    answer = await site.client.get("/broken")
    assert answer.text == "id: 1\ndata: {}\n\n"
    assert [record.levelname for record in caplog.records] == [level]


async def test_what_the_routing_refuses(site: Site) -> None:  # H15
    for method, path, status, code in (
        ("GET", "/v1/nothing", 404, "NOT_FOUND"),
        ("GET", "/v1/jobs/", 404, "NOT_FOUND"),
        ("GET", "/v1/jobs/a/b/c", 404, "NOT_FOUND"),
        ("PUT", "/v1/jobs", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/v1/queues/default/pause", 405, "METHOD_NOT_ALLOWED"),
        ("TRACE", "/health", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/redoc", 404, "NOT_FOUND"),
        ("GET", "/docs/oauth2-redirect", 404, "NOT_FOUND"),
    ):
        answer = await site.client.request(method, path)
        assert (answer.status_code, checked(answer)["code"]) == (status, code), path
        assert ("allow" in answer.headers) == (status == 405), path
