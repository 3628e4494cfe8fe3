"""Looking at jobs: one in each state, and lists."""

from datetime import datetime
from typing import Any

import pytest

from jobhive.core.states import State
from jobhive.testing import (
    BROKEN,
    append,
    cancel,
    claim_one,
    complete,
    fail,
    insert_one,
    record_of,
    retry,
    start_one,
)
from tests.api.conftest import Site

ALWAYS = {
    "id",
    "kind",
    "queue",
    "state",
    "params",
    "priority",
    "owner",
    "attempt",
    "failures",
    "crashes",
    "max_retries",
    "created_at",
    "attempts",
    "sse_url",
}
RAN = {"started_at", "worker"}


async def shown(site: Site, job_id: str, state: State) -> dict[str, Any]:
    """The job as the API tells it."""
    answer = await site.client.get(f"/v1/jobs/{job_id}")
    assert answer.status_code == 200
    job: dict[str, Any] = answer.json()
    assert (job["id"], job["state"], job["sse_url"]) == (job_id, state, f"/v1/jobs/{job_id}/stream")
    return job


async def test_a_pending_job(site: Site) -> None:
    job_id = await insert_one(site.store, params='{"a": [1, null]}', key="k", priority=3, owner="ann")
    job = await shown(site, job_id, State.PENDING)
    assert job.keys() == ALWAYS | {"key"}
    record = await record_of(site.store, job_id)
    assert datetime.fromisoformat(job["created_at"]).timestamp() * 1000 == pytest.approx(record.created_at_ms)
    told = {name: job[name] for name in ("params", "key", "priority", "owner", "attempt", "attempts")}
    assert told == {"params": {"a": [1, None]}, "key": "k", "priority": 3, "owner": "ann", "attempt": 0, "attempts": []}


async def test_a_scheduled_job(site: Site) -> None:
    job = await shown(site, await insert_one(site.store, delay_ms=60_000), State.SCHEDULED)
    assert job.keys() == ALWAYS | {"run_at"}
    waits = datetime.fromisoformat(job["run_at"]) - datetime.fromisoformat(job["created_at"])
    assert waits.total_seconds() == 60


async def test_a_running_job(site: Site) -> None:
    claim = await start_one(site.store, "w")
    await site.store.events.append([append(claim, 2, "a", progress='{"stage": "s", "percentage": 50}')])
    job = await shown(site, claim.job_id, State.RUNNING)
    assert job.keys() == ALWAYS | RAN | {"progress", "cancel_requested"}
    assert (job["worker"], job["attempt"], job["cancel_requested"]) == ("w", 1, False)
    assert job["progress"] == {"stage": "s", "percentage": 50}


@pytest.mark.parametrize(("stored", "result"), [('{"a": [1.5]}', {"a": [1.5]}), ("null", None), ("3", 3)])
async def test_a_complete_job(site: Site, stored: str, result: object) -> None:
    claim = await start_one(site.store)
    await site.store.jobs.finish([complete(claim, stored)])
    job = await shown(site, claim.job_id, State.COMPLETE)
    assert job.keys() == ALWAYS | RAN | {"finished_at", "result"}
    assert job["result"] == result


async def test_a_failed_job_without_its_traceback(site: Site) -> None:  # S7, H14
    claim = await start_one(site.store)
    await site.store.jobs.finish([retry(claim)])
    await site.store.jobs.finish([fail(await claim_one(site.store))])
    answer = await site.client.get(f"/v1/jobs/{claim.job_id}")
    job = answer.json()
    error = {"type": "ValueError", "code": "JOB_ERROR", "message": "broken"}
    assert job.keys() == ALWAYS | RAN | {"finished_at", "error"}
    assert (job["state"], job["error"], job["failures"]) == ("failed", error, 2)
    first = job["attempts"][0]
    assert (first["attempt"], first["outcome"], first["error"]) == (1, "failed", error)
    assert BROKEN.traceback not in answer.text


async def test_a_cancelled_job(site: Site) -> None:
    claim = await start_one(site.store)
    await site.store.jobs.finish([cancel(claim, "enough")])
    job = await shown(site, claim.job_id, State.CANCELLED)
    assert job.keys() == ALWAYS | RAN | {"finished_at", "reason"}
    assert job["reason"] == "enough"


async def test_a_job_cancelled_before_it_ran(site: Site) -> None:
    job_id = await insert_one(site.store)
    await site.store.jobs.cancel(job_id, "never mind")
    assert (await shown(site, job_id, State.CANCELLED)).keys() == ALWAYS | {"finished_at", "reason"}


async def test_an_unknown_job_is_a_404_everywhere(site: Site) -> None:  # I6, H15
    unknown = ["job-00000000000000000000000000000000", "x", "%00", "%ED%A0%80", "..%2f..", "j" * 5000, "'--"]
    calls = [("GET", ""), ("GET", "/stream"), ("DELETE", ""), ("DELETE", "?purge=true"), ("POST", "/cancel")]
    for job_id in unknown:
        for method, path in [*calls, ("POST", "/retry")]:
            answer = await site.client.request(method, f"/v1/jobs/{job_id}{path}")
            assert answer.status_code == 404, (job_id, method, path)
            assert answer.json()["code"] in {"UNKNOWN_JOB", "NOT_FOUND"}
            assert len(answer.content) < 2000


# ---- lists -----------------------------------------------------------------------------------------------------


async def listed(site: Site, **query: Any) -> list[str]:
    answer = await site.client.get("/v1/jobs", params=query)
    assert answer.status_code == 200
    return [job["id"] for job in answer.json()["jobs"]]


async def test_a_list_is_newest_first_and_goes_on_where_the_page_ended(site: Site) -> None:
    job_ids = [await insert_one(site.store) for _ in range(5)]
    pages: list[list[str]] = []
    cursor: str | None = None
    while len(pages) < 10:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await site.client.get("/v1/jobs", params=query)).json()
        pages.append([job["id"] for job in page["jobs"]])
        cursor = page["cursor"]
        if cursor is None:
            break
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [job_id for page in pages for job_id in page] == job_ids[::-1]


async def test_a_list_can_be_filtered(site: Site) -> None:
    plain = await insert_one(site.store)
    kind = await insert_one(site.store, "add")
    queue = await insert_one(site.store, queue="other")
    owner = await insert_one(site.store, owner="ann")
    state = await insert_one(site.store, delay_ms=1000)
    assert await listed(site, kind="add") == [kind]
    assert await listed(site, queue="other") == [queue]
    assert await listed(site, owner="ann") == [owner]
    assert await listed(site, state="scheduled") == [state]
    assert await listed(site, state="pending", kind="noop", queue="default", owner="") == [plain]
    assert await listed(site, kind="' OR 1=1 --") == []


async def test_a_list_has_a_hundred_jobs_unless_told_otherwise(site: Site) -> None:
    for _ in range(101):
        await insert_one(site.store)
    assert len(await listed(site)) == 100
    assert len(await listed(site, limit=1000)) == 101


async def test_jobs_in_a_list_are_told_without_their_attempts(site: Site) -> None:
    claim = await start_one(site.store)
    await site.store.jobs.finish([retry(claim)])
    [job] = (await site.client.get("/v1/jobs")).json()["jobs"]
    assert job.keys() == ALWAYS - {"attempts"} | {"run_at"}


async def test_a_wrong_query_is_refused(site: Site) -> None:  # H15
    for name, value in (
        ("limit", "0"),
        ("limit", "1001"),
        ("limit", "x"),
        ("limit", "9" * 30),
        ("state", "done"),
        ("cursor", "x"),
        ("cursor", "9" * 40),
        ("stat", "failed"),
    ):
        answer = await site.client.get("/v1/jobs", params={name: value})
        assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_REQUEST"), name
        assert [fault["field"] for fault in answer.json()["errors"]] == [name]
