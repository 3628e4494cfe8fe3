"""Active workers over HTTP."""

from datetime import UTC, datetime

from jobhive.core.record import WorkerRecord
from jobhive.testing import expire_leases
from tests.api.conftest import Site
from tests.api.wire import opened

ANN = WorkerRecord("worker-1", "ann", "here", 42, "ready", ("default", "ai"), ("add",), 10, 3, 7, 1, 1000, 0, False)
BOB = ANN._replace(worker_id="worker-2", name="bob", started_at_ms=2000)


async def test_active_workers_as_their_heartbeats_tell_them(site: Site) -> None:  # O3
    await site.store.workers.beat(ANN)
    await site.store.workers.beat(BOB)
    listed = (await site.client.get("/v1/workers/active")).json()["workers"]
    assert [worker["id"] for worker in listed] == ["worker-1", "worker-2"]
    ann = (await site.client.get("/v1/workers/active/worker-1")).json()
    assert ann == listed[0]
    seen = datetime.fromisoformat(ann.pop("seen_at"))
    assert abs((seen - datetime.now(UTC)).total_seconds()) < 60
    assert ann == {
        "id": "worker-1",
        "name": "ann",
        "node": "here",
        "pid": 42,
        "state": "ready",
        "queues": ["default", "ai"],
        "kinds": ["add"],
        "slots": 10,
        "running": 3,
        "completed": 7,
        "errors": 1,
        "started_at": "1970-01-01T00:00:01Z",
        "is_retiring": False,
    }


async def test_a_worker_without_a_sign_of_life_is_not_active(site: Site) -> None:  # O3
    await site.store.workers.beat(ANN)
    expire_leases(site.store)
    assert (await site.client.get("/v1/workers/active")).json() == {"workers": []}
    for method, path in (("GET", ""), ("POST", "/retire")):
        answer = await site.client.request(method, f"/v1/workers/active/worker-1{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "UNKNOWN_WORKER")


async def test_a_worker_can_be_asked_to_retire(site: Site) -> None:  # O3
    assert await site.store.workers.beat(ANN) is False
    answer = await site.client.post("/v1/workers/active/worker-1/retire")
    assert (answer.status_code, answer.json()["is_retiring"]) == (200, True)
    assert await site.store.workers.beat(ANN) is True


async def test_heartbeats_are_streamed_as_they_come(site: Site) -> None:  # O3
    await site.store.workers.beat(ANN)
    async with opened(site.client, "/v1/workers/heartbeats/stream") as stream:
        first = await anext(stream)
        assert (first.id, first.data["type"], first.data["worker"]["name"]) == (None, "heartbeat", "ann")
        await site.store.workers.beat(BOB)
        assert (await anext(stream)).data["worker"]["name"] == "bob"
        await site.store.workers.beat(BOB._replace(running=9))
        assert (await anext(stream)).data["worker"]["running"] == 9
        await site.store.workers.leave("worker-1")
        gone = await anext(stream)
        assert (gone.data["type"], gone.data["worker_id"]) == ("gone", "worker-1")
