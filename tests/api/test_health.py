"""Health and metrics."""

from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families

from jobhive.store.sqlite import SqliteStore
from jobhive.testing import advance, complete, insert_one, start_one
from tests.api.conftest import Site
from tests.api.test_workers import ANN, BOB


async def test_the_server_says_that_it_is_there(site: Site) -> None:  # S12
    answer = await site.client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "version": "1.2.3"})


async def test_deep_health_looks_at_the_store(site: Site) -> None:  # S12
    answer = await site.client.get("/health/deep")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "version": "1.2.3",
        "store": site.store.url,
        "checks": dict(await site.store.check()),
    }


async def test_deep_health_tells_of_a_store_that_is_not_well(site: Site) -> None:
    await site.store.close()
    answer = await site.client.get("/health/deep")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.json()["code"].startswith("STORE_")
    assert (await site.client.get("/health")).status_code == 200
    await site.store.open()
    assert (await site.client.get("/health/deep")).status_code == 200


async def metrics(site: Site) -> dict[tuple[str, ...], float]:
    """Value by name and labels."""
    answer = await site.client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_metrics_are_read_from_the_store_when_asked(site: Site) -> None:  # S12
    store: SqliteStore = site.store
    await store.jobs.finish([complete(await start_one(store))])
    await start_one(store)
    await insert_one(store, queue='odd"\\')
    await store.workers.beat(ANN)
    await store.workers.beat(BOB._replace(state="busy"))
    advance(timedelta(seconds=10), store)
    told = await metrics(site)
    assert told["jobhive_jobs", "complete"] == 1
    assert told["jobhive_jobs", "failed"] == 0
    assert told["jobhive_queue_depth", 'odd"\\', "pending"] == 1
    assert told["jobhive_queue_depth", "default", "running"] == 1
    assert 10 <= told["jobhive_queue_oldest_seconds", 'odd"\\'] < 60
    assert told["jobhive_queue_oldest_seconds", "default"] == 0
    assert (told["jobhive_workers", "ready"], told["jobhive_workers", "busy"]) == (1, 1)
    assert told["jobhive_workers", "stopping"] == 0
    assert told["jobhive_worker_completed_total", "worker-1"] == 7
    assert told["jobhive_worker_errors_total", "worker-1"] == 1
    assert told["jobhive_worker_slots", "worker-2"] == 10


async def test_metrics_take_any_accept_header(site: Site) -> None:
    for accept in ("application/openmetrics-text; version=x", "text/plain;version=abc", "", "*/*"):
        assert (await site.client.get("/metrics", headers={"Accept": accept})).status_code == 200
