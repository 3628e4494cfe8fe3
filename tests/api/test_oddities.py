"""Requests that are odd as HTTP, as addresses or as headers: for each the exact answer, and nothing is stored.

Bodies that are no JSON object are in test_bodies.py, hosts and origins in test_hosts.py.
"""

import asyncio
import json
from typing import Any, NamedTuple

import pytest

from jobhive.api.protocol import Protocol
from jobhive.kinds.inference.request import GenerateParams
from jobhive.testing import insert_one
from tests.api.conftest import Anything, Changes, Site, kinds_of
from tests.api.test_access import asked_by
from tests.api.test_openapi import document, operations

HOST = "Host: localhost"
JSON = "Content-Type: application/json"
JOB = b'{"kind": "noop", "params": {}}'


class Answer(NamedTuple):
    """An answer, read to its end."""

    status: int
    headers: dict[str, str]
    body: bytes


class Odd(NamedTuple):
    """A request, and what it deserves."""

    request: bytes
    status: int
    code: str
    field: str | None = None  # that `errors` names, alone


def head(line: str, *headers: str) -> bytes:
    return "\r\n".join([line, *headers, "", ""]).encode("latin-1")


def get(target: str, *headers: str) -> bytes:
    return head(f"GET {target} HTTP/1.1", HOST, *headers)


def post(body: bytes, *headers: str, target: str = "/v1/jobs") -> bytes:
    return head(f"POST {target} HTTP/1.1", HOST, f"Content-Length: {len(body)}", *headers) + body


def job(**fields: object) -> bytes:
    return post(json.dumps({"kind": "noop", "params": {}} | fields).encode(), JSON)


def token(**fields: object) -> bytes:
    return post(json.dumps({"name": "a", "scopes": ["read"]} | fields).encode(), JSON, target="/v1/tokens")


async def sent(site: Site, request: bytes) -> Answer:
    """Sends exactly these bytes and reads one answer."""
    reader, writer = await asyncio.open_connection(site.host, site.port)
    writer.write(request)
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
    body = b"" if request.startswith(b"HEAD ") else await reader.readexactly(int(headers["content-length"]))
    writer.close()
    return Answer(int(lines[0].split(" ")[1]), headers, body)


NOT_HTTP = {
    "a word": b"hello\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "another version": head("GET /health HTTP/9.9", HOST),
    "lines without CR": b"GET /health HTTP/1.1\nHost: localhost\n\n",
    "an unknown method": head("BREW /health HTTP/1.1", HOST),
    "a method in small letters": head("get /health HTTP/1.1", HOST),
    "a tunnel": head("CONNECT localhost:80 HTTP/1.1", HOST),
    "a target without a slash": head("GET health HTTP/1.1", HOST),
    "a space in the target": head("GET /v1/jobs?kind=a b HTTP/1.1", HOST),
    "a raw byte in the path": get("/v1/jobs/\xff"),
    "a raw byte in the query": get("/v1/jobs?cursor=\xff"),
    "a space behind a header's name": head("GET /health HTTP/1.1", "Host : localhost"),
    "a folded header": get("/health", "X: a\r\n b"),
    "a header with NUL": get("/health", "X: a\0b"),
    "a header without a colon": get("/health", "X"),
    "a header without a name": get("/health", ": x"),
    "two lengths": post(JOB, JSON, "Content-Length: 3"),
    "a length and chunks": post(JOB, JSON, "Transfer-Encoding: chunked"),
    "a negative length": head("POST /v1/jobs HTTP/1.1", HOST, JSON, "Content-Length: -1"),
    "a length with a sign": head("POST /v1/jobs HTTP/1.1", HOST, JSON, "Content-Length: +2"),
    "a length that is none": head("POST /v1/jobs HTTP/1.1", HOST, JSON, "Content-Length: x"),
    "a length beyond 64 bits": head("POST /v1/jobs HTTP/1.1", HOST, JSON, "Content-Length: 99999999999999999999"),
    "a compressed transfer": head("POST /v1/jobs HTTP/1.1", HOST, JSON, "Transfer-Encoding: gzip"),
    "a chunk without a size": head("POST /v1/jobs HTTP/1.1", HOST, JSON, "Transfer-Encoding: chunked") + b"x\r\n",
}


async def test_what_is_no_http_is_a_clear_400(site: Site) -> None:  # H15
    for name, request in NOT_HTTP.items():
        answer = await sent(site, request)
        assert answer.headers["content-type"] == "application/problem+json", name
        problem = json.loads(answer.body)
        assert (answer.status, problem["status"], problem["code"]) == (400, 400, "MALFORMED_REQUEST"), name
        assert answer.headers["connection"] == "close", name
    await nothing_is_stored(site)


ODDITIES = {
    # heads without end
    "a long header": Odd(get("/health", "X: " + "x" * 70_000), 431, "HEAD_TOO_LONG"),
    "a header that does not end": Odd(get("/health", "X: " + "x" * 70_000)[:-4], 431, "HEAD_TOO_LONG"),
    "many headers": Odd(get("/health", *["X: yyyyyyyy"] * 10_000), 431, "HEAD_TOO_LONG"),
    "a long path": Odd(get("/" + "a" * 65_000), 404, "NOT_FOUND"),
    "a longer path": Odd(get("/" + "a" * 70_000), 431, "HEAD_TOO_LONG"),
    # how a body is declared
    "a length above the cap, and no body": Odd(
        head("POST /v1/jobs HTTP/1.1", HOST, JSON, f"Content-Length: {1 << 40}"), 413, "BODY_TOO_LARGE"
    ),
    "the same, asking first": Odd(
        head("POST /v1/jobs HTTP/1.1", HOST, JSON, f"Content-Length: {1 << 40}", "Expect: 100-continue"),
        413,
        "BODY_TOO_LARGE",
    ),
    "neither a length nor a body": Odd(head("POST /v1/jobs HTTP/1.1", HOST, JSON), 400, "MALFORMED_BODY", "body"),
    "no type": Odd(post(JOB), 415, "UNSUPPORTED_MEDIA_TYPE"),
    "two types in one": Odd(post(JOB, f"{JSON}, text/plain"), 415, "UNSUPPORTED_MEDIA_TYPE"),
    "text as JSON": Odd(post(JOB, "Content-Type: text/json"), 415, "UNSUPPORTED_MEDIA_TYPE"),
    "a relative of JSON": Odd(post(JOB, "Content-Type: application/merge-patch+json"), 415, "UNSUPPORTED_MEDIA_TYPE"),
    "bytes": Odd(post(JOB, "Content-Type: application/octet-stream"), 415, "UNSUPPORTED_MEDIA_TYPE"),
    "a type that is none": Odd(post(JOB, "Content-Type: \xff/\xff"), 415, "UNSUPPORTED_MEDIA_TYPE"),
    "deflated": Odd(post(JOB, JSON, "Content-Encoding: deflate"), 415, "UNSUPPORTED_MEDIA_TYPE"),
    "brotli": Odd(post(JOB, JSON, "Content-Encoding: br"), 415, "UNSUPPORTED_MEDIA_TYPE"),
    "compressed twice": Odd(post(JOB, JSON, "Content-Encoding: gzip, gzip"), 415, "UNSUPPORTED_MEDIA_TYPE"),
    "another charset, declared": Odd(
        post(JOB.decode().encode("utf-16"), f"{JSON}; charset=utf-16"), 400, "MALFORMED_BODY", "body"
    ),
    "Latin-1, declared": Odd(post(b'{"kind": "\xe9"}', f"{JSON}; charset=latin-1"), 400, "MALFORMED_BODY", "body"),
    "an integer of 400 digits": Odd(post(b'{"a": 1%b}' % (b"0" * 400), JSON), 400, "MALFORMED_BODY", "body"),
    # addresses
    "no route": Odd(get("/v1/nothing"), 404, "NOT_FOUND"),
    "two slashes": Odd(get("//health"), 404, "NOT_FOUND"),
    "a slash at the end": Odd(get("/health/"), 404, "NOT_FOUND"),
    "up and out": Odd(get("/v1/../../etc/passwd"), 404, "NOT_FOUND"),
    "up and out, encoded": Odd(get("/%2e%2e/%2e%2e/etc/passwd"), 404, "NOT_FOUND"),
    "the server itself": Odd(head("OPTIONS * HTTP/1.1", HOST), 404, "NOT_FOUND"),
    "a worker up and out": Odd(get("/v1/workers/active/..%2f..%2fetc"), 404, "NOT_FOUND"),
    "a worker of nobody": Odd(get("/v1/workers/active/%00"), 404, "UNKNOWN_WORKER"),
    "a worker that is no text": Odd(get("/v1/workers/active/%ff%fe"), 404, "UNKNOWN_WORKER"),
    "a worker of great length": Odd(get("/v1/workers/active/" + "w" * 5000), 404, "UNKNOWN_WORKER"),
    "a token of nobody": Odd(head("DELETE /v1/tokens/%00 HTTP/1.1", HOST), 404, "UNKNOWN_TOKEN"),
    "a token that is SQL": Odd(head("DELETE /v1/tokens/'%20OR%201=1-- HTTP/1.1", HOST), 404, "UNKNOWN_TOKEN"),
    "a token of great length": Odd(head(f"DELETE /v1/tokens/{'t' * 5000} HTTP/1.1", HOST), 404, "UNKNOWN_TOKEN"),
    "a queue with a way out": Odd(
        head("POST /v1/queues/..%5c../pause HTTP/1.1", HOST), 422, "INVALID_REQUEST", "queue"
    ),
    # queries
    "a parameter twice": Odd(get("/v1/jobs?state=failed&state=pending"), 422, "INVALID_REQUEST", "state"),
    "a yes and a no": Odd(
        head("DELETE /v1/jobs/x?purge=true&purge=false HTTP/1.1", HOST), 422, "INVALID_REQUEST", "purge"
    ),
    "the same number twice": Odd(get("/v1/jobs/x/stream?after=1&after=1"), 422, "INVALID_REQUEST", "after"),
    "a parameter without a value": Odd(get("/v1/jobs?limit"), 422, "INVALID_REQUEST", "limit"),
    "a number in wide digits": Odd(get("/v1/jobs?limit=%EF%BC%91"), 422, "INVALID_REQUEST", "limit"),
    "a number in hexadecimal": Odd(get("/v1/jobs?limit=0x10"), 422, "INVALID_REQUEST", "limit"),
    "a number and a half": Odd(get("/v1/jobs?limit=1.5"), 422, "INVALID_REQUEST", "limit"),
    "a number beyond all": Odd(get("/v1/audit?after=9" + "9" * 400), 422, "INVALID_REQUEST", "after"),
    "a number below all": Odd(get("/v1/audit?after=-1"), 422, "INVALID_REQUEST", "after"),
    "no number": Odd(get("/v1/audit?limit=NaN"), 422, "INVALID_REQUEST", "limit"),
    "a state with NUL": Odd(get("/v1/jobs?state=%00"), 422, "INVALID_REQUEST", "state"),
    "a state in capitals": Odd(get("/v1/jobs?state=FAILED"), 422, "INVALID_REQUEST", "state"),
    "a name that is no text": Odd(get("/v1/jobs?%ff=1"), 422, "INVALID_REQUEST", "\ufffd"),
    "a name of great length": Odd(get(f"/v1/jobs?{'n' * 5000}=1"), 422, "INVALID_REQUEST", "n" * 200),
    "a cursor below zero": Odd(get("/v1/jobs?cursor=-1"), 422, "INVALID_REQUEST", "cursor"),
    "a cursor in Arabic digits": Odd(get("/v1/jobs?cursor=%D9%A1"), 422, "INVALID_REQUEST", "cursor"),
    "an empty cursor": Odd(get("/v1/jobs?cursor="), 422, "INVALID_REQUEST", "cursor"),
    "a cursor that is no text": Odd(get("/v1/jobs?cursor=%ff"), 422, "INVALID_REQUEST", "cursor"),
    "a cursor that is SQL": Odd(get("/v1/jobs?cursor=1;--"), 422, "INVALID_REQUEST", "cursor"),
    # headers
    "a last event that is no text": Odd(
        get("/v1/jobs/x/stream", "Last-Event-ID: \xff"), 422, "INVALID_REQUEST", "Last-Event-ID"
    ),
    "a last event in hexadecimal": Odd(
        get("/v1/jobs/x/stream", "Last-Event-ID: 0x1"), 422, "INVALID_REQUEST", "Last-Event-ID"
    ),
    "two last events in one": Odd(
        get("/v1/jobs/x/stream", "Last-Event-ID: 1, 2"), 422, "INVALID_REQUEST", "Last-Event-ID"
    ),
    "no last event": Odd(get("/v1/jobs/x/stream", "Last-Event-ID: NaN"), 422, "INVALID_REQUEST", "Last-Event-ID"),
    # bodies that are JSON
    "an empty key": Odd(job(key=""), 422, "INVALID_REQUEST", "key"),
    "a long key": Odd(job(key="é" * 513), 422, "INVALID_REQUEST", "key"),
    "a key with NUL": Odd(job(key="a\0b"), 422, "INVALID_REQUEST", "key"),
    "a kind with NUL": Odd(job(kind="noop\0"), 422, "UNKNOWN_KIND", "kind"),
    "a queue with NUL": Odd(job(queue="q\0"), 422, "INVALID_REQUEST", "queue"),
    "a queue in Cyrillic": Odd(job(queue="очередь"), 422, "INVALID_REQUEST", "queue"),
    "a year that no calendar has": Odd(job(run_at="10000-01-01T00:00:00Z"), 422, "INVALID_REQUEST", "run_at"),
    "a 30th of February": Odd(job(run_at="2100-02-30T00:00:00Z"), 422, "INVALID_REQUEST", "run_at"),
    "a token's name with NUL": Odd(token(name="a\0"), 422, "INVALID_REQUEST", "name"),
    "a token's owner with NUL": Odd(token(owner="\0"), 422, "INVALID_REQUEST", "owner"),
    "a token's rate of nothing": Odd(token(rate="0/s"), 422, "INVALID_REQUEST", "rate"),
    "a token for longer than a life": Odd(token(expires_in=1e308), 422, "INVALID_REQUEST", "expires_in"),
}


async def test_each_oddity_has_its_answer_and_nothing_is_stored(site: Site) -> None:  # H15; security: JSON oddities
    for name, odd in ODDITIES.items():
        answer = await sent(site, odd.request)
        assert answer.headers["content-type"] == "application/problem+json", name
        problem = json.loads(answer.body)
        assert (answer.status, problem["status"], problem["code"]) == (odd.status, odd.status, odd.code), name
        assert problem["detail"], name
        assert [fault["field"] for fault in problem.get("errors", [])] == ([odd.field] if odd.field else []), name
        assert len(answer.body) < 70_000, name
    await nothing_is_stored(site)


async def test_the_head_of_a_later_request_has_an_end_too(site: Site) -> None:  # security: denial of service
    reader, writer = await asyncio.open_connection(site.host, site.port)
    for body in (JOB, b'{"kind": "noop", "params": {"a": "%b"}}' % (b"x" * 500_000)):
        writer.write(post(body, JSON))
        assert await reader.readline() == b"HTTP/1.1 201 Created\r\n"
        await reader.readuntil(b"}")
    writer.write(get("/health", "X: " + "x" * 70_000)[:-4])
    assert (await reader.readline()).startswith(b"HTTP/1.1 431 ")
    writer.close()


@pytest.mark.parametrize("asked_before", [False, True])
@pytest.mark.parametrize("begun", [b"GET /hea", get("/health")[:-1]])
async def test_a_head_that_does_not_come_is_given_up(  # security: denial of service
    site: Site, monkeypatch: pytest.MonkeyPatch, begun: bytes, asked_before: bool
) -> None:
    if not asked_before:
        monkeypatch.setattr(Protocol, "head_seconds", 0.01)
    reader, writer = await asyncio.open_connection(site.host, site.port)
    if asked_before:
        writer.write(get("/health"))
        await reader.readuntil(b"}")
        monkeypatch.setattr(Protocol, "head_seconds", 0.01)
    writer.write(begun)
    answer = json.loads((await reader.read()).partition(b"\r\n\r\n")[2])  # to the end of the connection
    assert (answer["status"], answer["code"]) == (408, "HEAD_TOO_SLOW")
    writer.close()


async def nothing_is_stored(site: Site) -> None:
    assert sum((await site.store.jobs.counts()).values()) == 0
    assert await site.store.jobs.queues() == []
    assert await site.store.tokens.list() == []


TAKEN = {
    "an ordinary one": job(),
    "in chunks": head("POST /v1/jobs HTTP/1.1", HOST, JSON, "Transfer-Encoding: chunked")
    + b"%x\r\n%b\r\n0\r\n\r\n" % (len(JOB), JOB),
    "a charset that changes nothing": post(JOB, f"{JSON}; charset=latin-1"),
    "a key of Cyrillic and an emoji": job(key="ключ" * 127 + "🐝"),
    "whole numbers as other languages write them": post(
        b'{"kind": "noop", "params": {"a": -0, "b": -0.0, "c": 1e2}, "priority": 3.0, "max_retries": 1e1}', JSON
    ),
}


async def test_what_is_only_unusual_is_taken(site: Site) -> None:
    for name, request in TAKEN.items():
        answer = await sent(site, request)
        assert answer.status == 201, (name, answer)
    newest = (await site.client.get("/v1/jobs?limit=1")).json()["jobs"][0]
    assert (newest["params"], newest["priority"], newest["max_retries"]) == ({"a": 0, "b": 0, "c": 100}, 3, 10)


@pytest.mark.parametrize("site", [Changes(body_seconds=0.01)], indirect=True)
async def test_a_body_that_does_not_come_is_given_up(site: Site) -> None:  # security: denial of service
    answer = await sent(site, head("POST /v1/jobs HTTP/1.1", HOST, JSON, "Content-Length: 10") + b"{")
    assert (answer.status, json.loads(answer.body)["code"], answer.headers["connection"]) == (
        408,
        "BODY_TOO_SLOW",
        "close",
    )


async def test_a_method_that_a_path_does_not_have_is_refused_with_those_it_has(site: Site) -> None:  # H15
    job_id = await insert_one(site.store)
    methods: dict[str, set[str]] = {}
    for route in asked_by(site.api):
        methods.setdefault(route.url(job_id), set()).add(route.method)
    for path, there in methods.items():
        for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} - there:
            answer = await sent(site, head(f"{method} {path} HTTP/1.1", HOST))
            assert answer.status == 405, (method, path)
            assert {each.strip().upper() for each in answer.headers["allow"].split(",")} == there, (method, path)
            if method != "HEAD":
                assert json.loads(answer.body)["code"] == "METHOD_NOT_ALLOWED"


VALUES: dict[str, object] = {
    "null": None,
    "boolean": True,
    "integer": 2,
    "number": 2.5,
    "string": "x",
    "array": [{}],
    "object": {"x": 1},
}


def types(schema: dict[str, Any]) -> set[str]:
    """Those of JSON that a field takes."""
    if "anyOf" in schema:
        return set().union(*(types(variant) for variant in schema["anyOf"]))
    told = schema.get("type", "string")
    named = {told} if isinstance(told, str) else set(told)
    return named | {"integer"} if "number" in named else named


REAL = kinds_of(add=Anything, generate=GenerateParams)


@pytest.mark.parametrize("site", [Changes(kinds=REAL)], indirect=True)
async def test_every_field_of_every_body_takes_its_types_alone(site: Site) -> None:  # I4
    tried = 0
    for name, operation in operations(await document(site)).items():
        if "requestBody" not in operation:
            continue
        method, path = name.split(" ")
        content = operation["requestBody"]["content"]["application/json"]
        for field, schema in content["schema"]["properties"].items():
            for told in VALUES.keys() - types(schema):
                body = content.get("example", {"prompt": "a"}) | {field: VALUES[told]}
                answer = await site.client.request(method, path.replace("{queue}", "q"), json=body)
                faults = {fault["field"].split(".")[0] for fault in answer.json().get("errors", ())}
                assert (answer.status_code, faults) == (422, {field}), (name, field, told)
                tried += 1
    assert tried >= 80
    await nothing_is_stored(site)
