"""`POST /v1/inference`: the kind `generate` without an envelope."""

import httpx2
import pytest

from jobhive.testing import record_of
from tests.api.conftest import Anything, Changes, Site, kinds_of
from tests.api.test_submit import faults

PROMPT: dict[str, object] = {"prompt": "The capital of France is", "max_tokens": 16}


async def post(site: Site, body: dict[str, object]) -> httpx2.Response:
    return await site.client.post("/v1/inference", json=body)


async def test_a_prompt_becomes_a_job_with_a_stream(site: Site) -> None:  # I1
    answer = await post(site, PROMPT)
    assert answer.status_code == 201
    job_id = answer.json()["job_id"]
    assert job_id.startswith("job-")
    assert answer.json()["sse_url"] == f"/v1/inference/{job_id}/stream"
    record = await record_of(site.store, job_id)
    assert (record.kind, record.params) == (
        "generate",
        '{"prompt":"The capital of France is","max_tokens":16,"temperature":1.0}',
    )


async def test_a_key_makes_the_call_safe_to_repeat(site: Site) -> None:  # P11
    answers = [await post(site, PROMPT | {"key": "k"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    other = await post(site, {"prompt": "Paris is", "key": "k"})
    assert (other.status_code, other.json()["code"]) == (409, "KEY_REUSED")


async def test_all_errors_come_in_one_answer_without_the_prompt(site: Site) -> None:  # I4
    prompt = "secret" * 20
    answer = await post(
        site, {"prompt": prompt, "max_tokens": 2049, "temperature": -5, "x": 1, "key": 1, "job_id": "job-1"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_REQUEST")
    assert faults(answer).keys() >= {"prompt", "max_tokens", "temperature", "x"}
    assert "secret" not in answer.text


@pytest.mark.parametrize("site", [Changes(), Changes(kinds=kinds_of(generate=Anything))], indirect=True)
async def test_a_clients_own_id_is_refused(site: Site) -> None:  # I1
    answer = await post(site, PROMPT | {"job_id": "job-00000000000000000000000000000000"})
    assert (answer.status_code, faults(answer)) == (422, {"job_id": "extra_forbidden"})


@pytest.mark.parametrize(("key", "constraint"), [(1, "string_type"), ("", "out_of_range"), ("k" * 513, "out_of_range")])
async def test_a_key_has_its_limits(site: Site, key: object, constraint: str) -> None:
    answer = await post(site, {"prompt": "", "key": key})
    assert (answer.status_code, faults(answer)) == (422, {"key": constraint, "prompt": "string_too_short"})


@pytest.mark.parametrize("site", [Changes(kinds=kinds_of(noop=Anything))], indirect=True)
async def test_a_server_without_a_model_says_so(site: Site) -> None:
    answer = await post(site, PROMPT)
    assert (answer.status_code, answer.json()["code"]) == (503, "INFERENCE_UNAVAILABLE")
    assert "--model" in answer.json()["detail"]
