"""`POST /v1/jobs`: what is accepted, and what is said of what is not."""

import asyncio
from typing import Any

import httpx2

from jobhive.core.states import State
from jobhive.testing import insert_one, record_of
from tests.api.conftest import Site

SUM: dict[str, Any] = {"kind": "add", "params": {"a": 1, "b": 2}}


async def post(site: Site, **body: Any) -> httpx2.Response:
    return await site.client.post("/v1/jobs", json=body)


def faults(answer: httpx2.Response) -> dict[str, str]:
    """Field → constraint of an answer about input."""
    assert answer.headers["content-type"] == "application/problem+json"
    return {fault["field"]: fault["constraint"] for fault in answer.json()["errors"]}


async def test_a_job_is_stored_before_the_answer_comes(site: Site) -> None:  # I1
    answer = await post(site, **SUM)
    assert answer.status_code == 201
    job_id = answer.json()["job_id"]
    assert answer.json() == {"job_id": job_id, "sse_url": f"/v1/jobs/{job_id}/stream"}
    record = await record_of(site.store, job_id)
    assert (record.kind, record.state, record.params) == ("add", State.PENDING, '{"a":1,"b":2}')


async def test_options_reach_the_job(site: Site) -> None:
    options = {"queue": "special", "priority": -5, "delay": 60, "key": "order-7", "max_retries": 0}
    record = await record_of(site.store, (await post(site, **SUM, **options)).json()["job_id"])
    assert (record.queue, record.priority, record.key, record.max_retries) == ("special", -5, "order-7", 0)
    assert (record.state, record.run_at_ms) == (State.SCHEDULED, record.created_at_ms + 60_000)


async def test_an_absolute_time_reaches_the_job(site: Site) -> None:
    record = await record_of(site.store, (await post(site, **SUM, run_at="2100-01-01T01:00:00+01:00")).json()["job_id"])
    assert record.run_at_ms == 4_102_444_800_000


async def test_the_limits_themselves_are_allowed_and_can_be_shown(site: Site) -> None:
    limits: list[dict[str, Any]] = [
        {"priority": -32_768, "delay": 0, "max_retries": 0, "key": "k"},
        {"priority": 32_767, "delay": 100 * 366 * 86_400, "max_retries": 1000, "key": "k" * 512},
        {"run_at": "8999-12-31T23:59:59Z", "queue": "q" * 100},
        {"run_at": "0001-01-01T00:00:00+14:00"},
    ]
    for options in limits:
        answer = await post(site, **SUM, **options)
        assert answer.status_code == 201, options
        assert (await site.client.get(f"/v1/jobs/{answer.json()['job_id']}")).status_code == 200, options


async def test_a_known_key_gives_the_same_job(site: Site) -> None:  # P11
    first, second = await post(site, **SUM, key="k"), await post(site, **SUM, key="k")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()


async def test_many_at_once_with_one_key_make_one_job(site: Site) -> None:  # P11
    answers = await asyncio.gather(*(post(site, **SUM, key="k") for _ in range(50)))
    assert len({answer.json()["job_id"] for answer in answers}) == 1
    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [201]


async def test_a_known_key_for_other_work_is_refused(site: Site) -> None:  # P11, H15
    job_id = (await post(site, **SUM, key="k")).json()["job_id"]
    answer = await post(site, kind="add", params={"a": 3}, key="k")
    assert (answer.status_code, answer.json()["code"], answer.json()["job_id"]) == (409, "KEY_REUSED", job_id)


async def test_everything_that_is_wrong_is_said_at_once_and_nothing_is_echoed(site: Site) -> None:  # I4, S4
    secret = "hunter2"
    answer = await post(
        site, kind="add", params={"a": secret, "c": secret}, priority=secret, delay=-1, key="", queue=secret + " "
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_REQUEST")
    assert faults(answer) == {
        "priority": "int_type",
        "delay": "greater_than_equal",
        "key": "string_too_short",
        "queue": "string_pattern_mismatch",
        "params.a": "int_parsing",
        "params.c": "extra_forbidden",
    }
    assert secret not in answer.text


async def test_wrong_params_alone_are_listed_too(site: Site) -> None:  # S4
    answer = await post(site, kind="add", params={"b": [], "c": 1})
    assert answer.status_code == 422
    assert faults(answer) == {"params.a": "missing", "params.b": "int_type", "params.c": "extra_forbidden"}


async def test_options_that_contradict_each_other_are_listed_with_wrong_params(site: Site) -> None:
    answer = await post(site, kind="add", params={}, delay=1, run_at="2100-01-01T00:00:00Z")
    assert answer.status_code == 422
    assert faults(answer).keys() == {"run_at", "params.a"}


async def test_unknown_fields_are_refused(site: Site) -> None:  # I1
    for name in ("job_id", "id", "callback_url", "concurrency_key", "parents", "owner", "state", "retries", "Kind", ""):
        answer = await post(site, **SUM, **{name: "x"})
        assert (answer.status_code, list(faults(answer).values())) == (422, ["extra_forbidden"]), name
    assert (await site.client.get("/v1/jobs")).json()["jobs"] == []


async def test_an_unknown_kind_is_refused_with_the_known_ones(site: Site) -> None:
    answer = await post(site, kind="substract", params={})
    assert (answer.status_code, answer.json()["code"]) == (422, "UNKNOWN_KIND")
    assert faults(answer) == {"kind": "unknown_kind"}
    assert "add, generate, noop" in answer.json()["detail"]


async def test_an_unknown_kind_is_listed_with_everything_else(site: Site) -> None:
    answer = await post(site, kind="substract", params={}, priority="x")
    assert faults(answer) == {"kind": "unknown_kind", "priority": "int_type"}


OUT_OF_RANGE: list[tuple[str, object]] = [
    ("kind", None),
    ("kind", 1),
    ("params", None),
    ("params", []),
    ("params", "{}"),
    ("queue", "-x"),
    ("queue", "q" * 101),
    ("queue", "default\n"),
    ("priority", 32_768),
    ("priority", 10**30),
    ("priority", True),
    ("priority", 1.5),
    ("delay", -0.001),
    ("delay", 1e300),
    ("delay", "5"),
    ("run_at", "tomorrow"),
    ("run_at", "2100-01-01T00:00:00"),
    ("run_at", "9999-12-31T23:59:59-23:59"),
    ("run_at", 4_102_444_800),
    ("key", "k" * 513),
    ("key", 7),
    ("max_retries", -1),
    ("max_retries", 1001),
]


async def test_each_field_has_its_limits(site: Site) -> None:  # I4
    for field, value in OUT_OF_RANGE:
        answer = await post(site, **{**SUM, field: value})
        assert (answer.status_code, list(faults(answer))) == (422, [field]), (field, value)
    assert (await site.client.get("/v1/jobs")).json()["jobs"] == []


async def test_a_full_queue_says_when_to_come_back(site: Site) -> None:  # I10, H15
    await site.store.jobs.limit("default", running=None, depth=1)
    await insert_one(site.store)
    answer = await post(site, **SUM)
    assert (answer.status_code, answer.json()["code"]) == (503, "QUEUE_FULL")
    assert int(answer.headers["retry-after"]) == answer.json()["retry_after"] >= 1


async def test_numbers_reach_the_job_as_they_were_sent(site: Site) -> None:
    params = {"seed": 2**64 - 1, "huge": 10**99, "small": -0.1, "text": "𝄞\u0000\u2028"}
    job_id = (await post(site, kind="noop", params=params)).json()["job_id"]
    assert (await site.client.get(f"/v1/jobs/{job_id}")).json()["params"] == params


async def test_an_answer_stays_small_however_much_is_wrong(site: Site) -> None:
    answer = await post(site, **SUM, **{"y" * 100_000: 1}, **{f"x{number}": 1 for number in range(5000)})
    assert answer.status_code == 422
    assert "5001 errors" in answer.json()["detail"]
    assert len(answer.content) < 50_000
