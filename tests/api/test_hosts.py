"""Who may talk to the server."""

import asyncio

import pytest

from tests.api.conftest import Changes, Site

PAUSE = "/v1/queues/default/pause"


async def status(site: Site, *lines: str, method: str = "GET", path: str = "/health") -> int:
    """The answer's status to a request of exactly these header lines."""
    reader, writer = await asyncio.open_connection(site.host, site.port)
    head = "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "Content-Length: 0", "Connection: close"])
    writer.write(f"{head}\r\n\r\n".encode("latin-1"))
    answer = await reader.read()
    writer.close()
    return int(answer.split(b" ", 2)[1])


async def test_loopback_names_are_ours_on_any_port(site: Site) -> None:
    for host in ("localhost", "LocalHost:8700", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:65535", "localhost:80"):
        assert await status(site, f"Host: {host}") == 200, host


FOREIGN = [
    "evil.example",
    "evil.example:8700",
    "localhost.evil.example",
    "localhost@evil.example",
    "evil.example@localhost",
    "localhost:80@evil.example",
    "localhost:x",
    "localhost.",
    "127.0.0.1.nip.io",
    "0.0.0.0",
    "[::]",
    "::1",
    "127.1",
    "2130706433",
    "localhost evil.example",
    "localhost,evil.example",
    "\xff",
    "",
]


async def test_other_names_are_not(site: Site) -> None:  # security: DNS rebinding
    for host in FOREIGN:
        assert await status(site, f"Host: {host}") == 421, host
        assert await status(site, f"Host: {host}", method="POST", path=PAUSE) == 421, host
    assert await site.store.jobs.queues() == []


async def test_two_names_or_none_are_not(site: Site) -> None:
    assert await status(site, "Host: localhost", "Host: evil.example") == 421
    assert await status(site, "Host: localhost", "Host: localhost") == 421
    assert await status(site, "X-Forwarded-Host: localhost") == 421
    assert await status(site, "Host: evil.example", "X-Forwarded-Host: localhost") == 421


async def test_the_refusal_is_a_problem_that_says_what_to_do(site: Site) -> None:  # H15
    answer = await site.client.get("/health", headers={"Host": "evil.example"})
    assert (answer.headers["content-type"], answer.json()["code"]) == ("application/problem+json", "HOST_NOT_ALLOWED")
    assert "127.0.0.1, [::1], localhost" in answer.json()["detail"]
    assert "evil" not in answer.text


@pytest.mark.parametrize("site", [Changes(allowed_hosts=frozenset({"Jobs.example"}))], indirect=True)
async def test_more_names_can_be_allowed(site: Site) -> None:
    assert await status(site, "Host: jobs.example") == 200
    assert await status(site, "Host: JOBS.example:443") == 200
    assert await status(site, "Host: localhost") == 200
    assert await status(site, "Host: other.example") == 421


async def test_pages_of_other_sites_change_nothing(site: Site) -> None:  # security: CSRF
    for lines in (
        ["Sec-Fetch-Site: cross-site"],
        ["Sec-Fetch-Site: same-site"],
        ["Sec-Fetch-Site: cross-site", "Origin: http://localhost:1"],
        ["Origin: https://evil.example"],
        ["Origin: null"],
        ["Origin: http://localhost:2"],
        ["Origin: http://localhost:1@evil.example"],
        ["Origin: http://[localhost:1"],
        ["Origin: "],
    ):
        assert await status(site, "Host: localhost:1", *lines, method="POST", path=PAUSE) == 403, lines
        assert await status(site, "Host: localhost:1", *lines) == 200, lines
    assert await site.store.jobs.queues() == []


async def test_programs_and_our_own_pages_do(site: Site) -> None:
    for lines in ([], ["Sec-Fetch-Site: same-origin"], ["Sec-Fetch-Site: none"], ["Origin: http://localhost:1"]):
        assert await status(site, "Host: localhost:1", *lines, method="POST", path=PAUSE) == 200, lines
