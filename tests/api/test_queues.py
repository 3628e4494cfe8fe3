"""Queues over HTTP."""

import asyncio
from datetime import timedelta
from typing import Any

from jobhive.testing import advance, asking, claim_one, insert_one, start_one
from tests.api.conftest import Site


async def queue(site: Site, name: str = "default") -> dict[str, Any]:
    listed: list[dict[str, Any]] = (await site.client.get("/v1/queues")).json()["queues"]
    return next(each for each in listed if each["name"] == name)


async def test_figures_of_all_queues(site: Site) -> None:
    await start_one(site.store)
    await insert_one(site.store)
    await insert_one(site.store, delay_ms=60_000)
    await insert_one(site.store, queue="other")
    advance(timedelta(seconds=10), site.store)
    assert {each["name"] for each in (await site.client.get("/v1/queues")).json()["queues"]} == {"default", "other"}
    figures = await queue(site)
    assert 10 <= figures.pop("oldest_pending_seconds") < 60
    assert figures == {
        "name": "default",
        "depth": 2,
        "pending": 1,
        "scheduled": 1,
        "waiting": 0,
        "running": 1,
        "running_limit": None,
        "depth_limit": None,
        "is_paused": False,
    }


async def test_no_jobs_no_queues(site: Site) -> None:
    assert (await site.client.get("/v1/queues")).json() == {"queues": []}


async def test_a_paused_queue_holds_its_jobs_until_it_is_resumed(site: Site) -> None:
    await insert_one(site.store)
    paused = await site.client.post("/v1/queues/default/pause")
    assert (paused.status_code, paused.json()["is_paused"], paused.json()["depth"]) == (200, True, 1)
    assert await site.store.jobs.claim(asking()) == []
    resumed = await site.client.post("/v1/queues/default/resume")
    assert (resumed.status_code, resumed.json()["is_paused"]) == (200, False)
    assert await claim_one(site.store)


async def test_limits_are_set_one_by_one_and_taken_away(site: Site) -> None:
    async def patch(**limits: int | None) -> tuple[int | None, int | None]:
        answer = await site.client.patch("/v1/queues/default", json=limits)
        assert answer.status_code == 200
        assert answer.json() == await queue(site)
        return answer.json()["running_limit"], answer.json()["depth_limit"]

    assert await patch(running_limit=1) == (1, None)
    assert await patch(depth_limit=100) == (1, 100)
    assert await patch(running_limit=2, depth_limit=50) == (2, 50)
    assert await patch() == (2, 50)
    assert await patch(running_limit=None) == (None, 50)


async def test_a_running_limit_is_obeyed(site: Site) -> None:
    await site.client.patch("/v1/queues/default", json={"running_limit": 1})
    await insert_one(site.store)
    await insert_one(site.store)
    assert len(await site.store.jobs.claim(asking())) == 1


async def test_a_wrong_limit_changes_nothing(site: Site) -> None:  # H15
    await site.client.patch("/v1/queues/default", json={"running_limit": 5, "depth_limit": 6})
    wrong: list[tuple[str, object]] = [
        ("running_limit", 0),
        ("running_limit", -1),
        ("running_limit", "1"),
        ("depth_limit", 1.5),
        ("depth_limit", True),
        ("depth_limit", 10**30),
        ("limit", 1),
    ]
    for name, value in wrong:
        answer = await site.client.patch("/v1/queues/default", json={name: value})
        assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_REQUEST"), (name, value)
        assert [fault["field"] for fault in answer.json()["errors"]] == [name]
    assert ((await queue(site))["running_limit"], (await queue(site))["depth_limit"]) == (5, 6)


async def test_a_name_that_no_queue_can_have_is_refused(site: Site) -> None:
    for name in ("-x", "a b", "a%0A", "q" * 101, "%00", "é"):
        for method, path in (("POST", "/pause"), ("POST", "/resume"), ("PATCH", "")):
            answer = await site.client.request(method, f"/v1/queues/{name}{path}", json={})
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "queue"), name
    assert (await site.client.get("/v1/queues")).json() == {"queues": []}


async def test_limits_set_at_once_do_not_undo_each_other(site: Site) -> None:
    for number in range(1, 20):
        answers = await asyncio.gather(
            site.client.patch("/v1/queues/default", json={"running_limit": number}),
            site.client.patch("/v1/queues/default", json={"depth_limit": number}),
        )
        assert [answer.status_code for answer in answers] == [200, 200]
        figures = await queue(site)
        assert (figures["running_limit"], figures["depth_limit"]) == (number, number)
