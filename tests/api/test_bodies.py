"""Bodies that are no JSON object, or a hostile one: a clear 4xx for each, and the server goes on."""

import asyncio
import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobhive.api.body import Malformed, parse_object
from tests.api.conftest import Changes, Site


def job(params: str) -> str:
    return f'{{"kind": "noop", "params": {params}}}'


MALFORMED: dict[str, bytes | str] = {
    "nothing": "",
    "blank": " \n",
    "word": "hello",
    "form": "kind=noop&params=1",
    "array": "[]",
    "text": '"job"',
    "number": "1",
    "null": "null",
    "true": "true",
    "open object": '{"kind": "noop"',
    "trailing comma": '{"kind": "noop",}',
    "trailing text": '{"kind": "noop"} x',
    "two objects": '{"kind": "noop"}{"kind": "noop"}',
    "single quotes": "{'kind': 'noop'}",
    "bare key": '{kind: "noop"}',
    "comment": '{"kind": "noop" /* no */}',
    "control character": '{"kind": "no\top"}',
    "bad escape": job(r'{"a": "\x41"}'),
    "half a surrogate pair": job(r'{"a": "\ud800"}'),
    "half a surrogate pair as a key": job(r'{"\udc00": 1}'),
    "leading zero": job('{"a": 01}'),
    "hexadecimal": job('{"a": 0x10}'),
    "nan": job('{"a": NaN}'),
    "infinity": job('{"a": Infinity}'),
    "minus infinity": job('{"a": -Infinity}'),
    "overflowing float": job('{"a": 1e999}'),
    "overflowing negative float": job('{"a": -1e999}'),
    "huge integer": job(f'{{"a": {"9" * 101}}}'),
    "very huge integer": job(f'{{"a": {"9" * 100_000}}}'),
    "duplicate key": '{"kind": "noop", "kind": "noop", "params": {}}',
    "duplicate key below": job('{"a": {"b": 1, "b": 1}}'),
    "escaped duplicate key": job(r'{"a": 1, "\u0061": 2}'),
    "65 arrays": job("[" * 64 + "]" * 64),
    "1,000 arrays": job("[" * 1000 + "]" * 1000),
    "100,000 arrays": job("[" * 100_000 + "]" * 100_000),
    "100,000 open arrays": "[" * 100_000,
    "100,000 objects": job('{"a":' * 100_000 + "1" + "}" * 100_000),
    "not utf-8": b'{"kind": "\xff"}',
    "overlong utf-8": b'{"kind": "\xc0\xaf"}',
    "utf-8 surrogate": b'{"kind": "\xed\xa0\x80"}',
    "utf-16": '{"kind": "noop"}'.encode("utf-16"),
    "utf-32": '{"kind": "noop"}'.encode("utf-32"),
    "byte order mark": b'\xef\xbb\xbf{"kind": "noop"}',
    "nul": b"\x00",
    "gzip": bytes.fromhex("1f8b0800000000000003ab56ca4e5552502a2b01002d2d2d2d"),
    "random": bytes(range(256)),
}
ROUTES = [("POST", "/v1/jobs"), ("POST", "/v1/inference"), ("PATCH", "/v1/queues/default")]
JSON = {"Content-Type": "application/json"}
TEXT = st.text(st.characters(codec="utf-8"), max_size=10)


async def test_what_is_no_json_object_is_a_clear_400(site: Site) -> None:  # H15, I4
    for name, body in MALFORMED.items():
        for method, path in ROUTES:
            answer = await site.client.request(method, path, content=body, headers=JSON)
            problem = answer.json()
            assert (answer.status_code, problem["code"]) == (400, "MALFORMED_BODY"), name
            assert answer.headers["content-type"] == "application/problem+json"
            assert [fault["field"] for fault in problem["errors"]] == ["body"], name
            assert len(answer.content) < 1000, name
    assert (await site.client.get("/v1/jobs")).json()["jobs"] == []
    assert (await site.client.get("/v1/queues")).json()["queues"] == []


async def test_what_is_deep_and_long_within_the_limits_is_taken(site: Site) -> None:
    deepest = job('{"a": ' + "[" * 62 + "]" * 62 + "}")
    longest = job(f'{{"a": {"9" * 100}, "b": "{"x" * 1_000_000}"}}')
    for body in (deepest, longest):
        answer = await site.client.post("/v1/jobs", content=body, headers=JSON)
        assert answer.status_code == 201


async def test_a_body_above_the_cap_is_refused(site: Site) -> None:  # H15
    body = job(json.dumps({"a": "x" * (1 << 20)}))
    answer = await site.client.post("/v1/jobs", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize("site", [Changes(max_body_bytes=100)], indirect=True)
async def test_an_endless_body_is_refused_while_it_comes(site: Site) -> None:  # H15
    reader, writer = await asyncio.open_connection(site.host, site.port)
    head = "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + b"40\r\n" + b" " * 64 + b"\r\n")
    writer.write(b"40\r\n" + b" " * 64 + b"\r\n")  # and no end
    assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
    writer.close()


@pytest.mark.parametrize("site", [Changes(max_body_bytes=100)], indirect=True)
async def test_the_cap_can_be_set(site: Site) -> None:
    fits = job('{"a": "' + "x" * 63 + '"}')
    assert len(fits) == 100
    assert (await site.client.post("/v1/jobs", content=fits, headers=JSON)).status_code == 201
    assert (await site.client.post("/v1/jobs", content=fits + " ", headers=JSON)).status_code == 413


async def test_a_body_that_is_not_declared_as_json_is_refused(site: Site) -> None:  # security: CSRF
    for headers in (
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/jsonx"},
        {"Content-Type": ""},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ):
        answer = await site.client.post("/v1/jobs", content=job("{}"), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE"), headers


async def test_a_charset_beside_json_is_fine(site: Site) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert (await site.client.post("/v1/jobs", content=job("{}"), headers=headers)).status_code == 201


async def test_a_client_that_leaves_within_its_body_is_forgotten(  # P12
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    before = asyncio.all_tasks()
    reader, writer = await asyncio.open_connection(site.host, site.port)
    head = "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"
    writer.write(f"{head}Expect: 100-continue\r\n\r\n".encode())
    assert await reader.readline() == b"HTTP/1.1 100 Continue\r\n"  # so the body is being read
    serving = asyncio.all_tasks() - before
    assert serving
    writer.transport.abort()
    _, left = await asyncio.wait(serving, timeout=20)
    assert not left
    assert not caplog.records


WELL_FORMED = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**99), 10**99)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXT, below, max_size=3),
    max_leaves=6,
)


@settings(max_examples=50)
@given(st.dictionaries(TEXT, WELL_FORMED, max_size=3), st.booleans())
def test_every_object_is_read_as_it_is(value: dict[str, object], is_ascii: bool) -> None:
    assert parse_object(json.dumps(value, ensure_ascii=is_ascii).encode()) == value


@given(st.binary(max_size=60) | st.text('{}[]",:\\ue0-+.1NIanty', max_size=40).map(str.encode))
def test_any_bytes_are_an_object_or_a_refusal(body: bytes) -> None:  # security: JSON oddities
    with suppress(Malformed):
        assert isinstance(parse_object(body), dict)
