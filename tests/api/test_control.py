"""Cancelling, retrying and purging jobs."""

import pytest

from jobhive.core.states import State
from jobhive.testing import cancel, claim_one, complete, fail, insert_one, record_of, start_one
from tests.api.conftest import Site

CANCELS = [("DELETE", ""), ("POST", "/cancel")]


@pytest.mark.parametrize(("method", "path"), CANCELS)
async def test_a_waiting_job_is_cancelled_at_once_and_only_once(site: Site, method: str, path: str) -> None:  # I5
    url = f"/v1/jobs/{await insert_one(site.store)}{path}"
    answers = [await site.client.request(method, url) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["state"] == "cancelled"


@pytest.mark.parametrize(("method", "path"), CANCELS)
async def test_a_running_job_is_asked_to_stop(site: Site, method: str, path: str) -> None:  # I5, S9
    claim = await start_one(site.store)
    answer = await site.client.request(method, f"/v1/jobs/{claim.job_id}{path}")
    assert (answer.status_code, answer.json()["state"], answer.json()["cancel_requested"]) == (200, "running", True)
    assert await site.store.jobs.cancel_requests([claim.receipt]) == [claim.job_id]


@pytest.mark.parametrize(("method", "path"), CANCELS)
async def test_a_job_that_has_ended_otherwise_cannot_be_cancelled(site: Site, method: str, path: str) -> None:  # H10
    for end, state in ((complete, "complete"), (fail, "failed")):
        claim = await start_one(site.store)
        await site.store.jobs.finish([end(claim)])
        answer = await site.client.request(method, f"/v1/jobs/{claim.job_id}{path}")
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (409, "ILLEGAL_TRANSITION")
        assert (problem["job_id"], problem["state"]) == (claim.job_id, state)


async def test_a_job_that_has_ended_can_be_purged(site: Site) -> None:
    for end in (complete, fail, cancel):
        claim = await start_one(site.store)
        await site.store.jobs.finish([end(claim)])
        url = f"/v1/jobs/{claim.job_id}"
        answer = await site.client.delete(f"{url}?purge=true")
        assert (answer.status_code, answer.content) == (204, b"")
        assert (await site.client.get(url)).status_code == 404
        assert (await site.client.delete(f"{url}?purge=true")).status_code == 404


async def test_a_job_that_has_not_ended_cannot_be_purged(site: Site) -> None:  # H10
    for job_id in (
        await insert_one(site.store),
        await insert_one(site.store, delay_ms=60_000),
        (await start_one(site.store)).job_id,
    ):
        before = await record_of(site.store, job_id)
        answer = await site.client.delete(f"/v1/jobs/{job_id}?purge=true")
        assert (answer.status_code, answer.json()["code"]) == (409, "ILLEGAL_TRANSITION")
        assert await record_of(site.store, job_id) == before


async def test_purge_takes_yes_or_no(site: Site) -> None:
    job_id = await insert_one(site.store)
    answer = await site.client.delete(f"/v1/jobs/{job_id}?purge=maybe")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "purge")
    assert (await record_of(site.store, job_id)).state is State.PENDING
    assert (await site.client.delete(f"/v1/jobs/{job_id}?purge=false")).json()["state"] == "cancelled"


async def test_a_failed_or_cancelled_job_runs_again(site: Site) -> None:  # H11
    for end in (fail, cancel):
        claim = await start_one(site.store)
        await site.store.jobs.finish([end(claim)])
        answer = await site.client.post(f"/v1/jobs/{claim.job_id}/retry")
        assert (answer.status_code, answer.json()["state"], answer.json()["failures"]) == (200, "pending", 0)
        assert not answer.json().keys() & {"finished_at", "error", "reason", "result"}
        again = await claim_one(site.store)
        assert again.job_id == claim.job_id
        await site.store.jobs.finish([complete(again)])


async def test_other_jobs_cannot_be_retried(site: Site) -> None:  # H10
    claim = await start_one(site.store)
    for job_id in (claim.job_id, await insert_one(site.store)):
        answer = await site.client.post(f"/v1/jobs/{job_id}/retry")
        assert (answer.status_code, answer.json()["code"]) == (409, "ILLEGAL_TRANSITION")
    await site.store.jobs.finish([complete(claim)])
    assert (await site.client.post(f"/v1/jobs/{claim.job_id}/retry")).status_code == 409
