"""Every route × every sort of caller, and what owners see of each other."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import NamedTuple

import pytest
from fastapi import APIRouter, FastAPI

from jobhive.api.access import declared
from jobhive.api.guard import Guard
from jobhive.api.openapi import Api
from jobhive.core.access import Scope
from jobhive.core.audit import Act
from jobhive.core.token import NewToken, id_of
from jobhive.store.port import Store
from jobhive.testing import advance, complete, insert_one, start_one
from tests.api.conftest import Changes, Site
from tests.api.tokens import Headers, as_owner, bearing, revoke, token
from tests.api.wire import opened

JOBS_ARE_OWNED = "/{job_id}"
OPEN_ROUTES = {"GET /health", "GET /docs"}


class Asked(NamedTuple):
    """A route, and the scopes of which it needs one."""

    method: str
    path: str
    any_of: tuple[Scope, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def url(self, job_id: str) -> str:
        """The path with something in place of its parameters."""
        return self.path.format(job_id=job_id, queue="default", worker_id="worker-none", token_id="tok-none")


def asked_by(api: FastAPI) -> list[Asked]:
    assert isinstance(api, Api)
    return [Asked(method, route.path, asked.any_of) for route, asked in api.needs for method in route.methods or ()]


async def status(site: Site, route: Asked, headers: Mapping[str, str], job_id: str = "job-none") -> int:
    """The status alone; a stream is left at once, a body is never sent."""
    async with site.client.stream(route.method, route.url(job_id), headers=headers) as answer:
        if answer.status_code == 401:
            assert answer.headers["www-authenticate"].startswith('Bearer realm="jobhive"')
        return answer.status_code


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Asks until it holds: nothing rings when the server has noticed."""
    async with asyncio.timeout(20):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.02)


async def test_without_any_token_nobody_is_asked(site: Site) -> None:  # I7
    job_id = await insert_one(site.store)
    for route in asked_by(site.api):
        assert await status(site, route, {}, job_id) not in {401, 403}, route
        assert await status(site, route, bearing("jh_nonsense"), job_id) not in {401, 403}, route


async def test_every_route_asks_every_caller(site: Site) -> None:  # H14, I7; security: tokens
    store = site.store
    good = await token(site, Scope.ADMIN)
    expired = await token(site, Scope.ADMIN, lifetime_ms=1000)
    advance(timedelta(seconds=2), store)
    revoked = await token(site, Scope.ADMIN)
    await revoke(site, revoked)
    callers: dict[str, Headers] = {
        "none": {},
        "no bearer": {"Authorization": f"Basic {good}"},
        "no token": bearing("password"),
        "empty": {"Authorization": "Bearer"},
        "unknown": bearing("jh_0123456789abcdef_" + "A" * 43),
        "another secret": bearing(good[:-43] + "A" * 43),
        "longer": bearing(good + "A"),
        "a word before": {"Authorization": f"Token Bearer {good}"},
        "two tokens": bearing(f"{good}, {good}"),
        "in a cookie": {"Cookie": f"token={good}"},
        "expired": bearing(expired),
        "revoked": bearing(revoked),
    }
    routes = asked_by(site.api)
    assert {str(route) for route in routes if not route.any_of} == OPEN_ROUTES
    for route in routes:
        for name, headers in callers.items():
            expected = {200} if not route.any_of else {401}
            assert await status(site, route, headers) in expected, (str(route), name)
        assert await status(site, route, bearing(good)) not in {401, 403}, route


async def test_a_header_that_is_no_text_holds_no_token(site: Site) -> None:  # H14
    good = await token(site, Scope.ADMIN)
    for value in (b"Bearer jh_\xff", b"\xff\xfe", b"Bearer \xc2\xa0" + good.encode(), b"Bearer " + b"A" * 60_000):
        answer = await site.client.get("/v1/jobs", headers={b"Authorization": value})
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED"), value


@pytest.mark.parametrize("job_state", ["pending", "complete"])
async def test_another_owners_job_does_not_exist(site: Site, job_state: str) -> None:  # H14, S16
    store = site.store
    if job_state == "pending":
        job_id = await insert_one(store, owner="ann")
    else:
        claim = await start_one(store, owner="ann")
        await store.jobs.finish([complete(claim)])
        job_id = claim.job_id
    before = await store.jobs.get([job_id])
    bob = await as_owner(site, "bob", Scope.READ, Scope.SUBMIT)
    routes = [route for route in asked_by(site.api) if JOBS_ARE_OWNED in route.path]
    assert len(routes) >= 6
    for route in routes:
        for url, told in ((route.url(job_id), job_id), (route.url("job-none"), "job-none")):
            for query in ("", "?purge=true"):
                answer = await site.client.request(route.method, url + query, headers=bob)
                assert (answer.status_code, answer.json()["code"]) == (404, "UNKNOWN_JOB"), url
                assert answer.json()["detail"] == f"there is no job {told!r}; it may have been purged"
    assert await store.jobs.get([job_id]) == before


async def test_owners_list_their_own_and_operators_everybodys(site: Site) -> None:  # H14, S16
    store = site.store
    ann, bob = await as_owner(site, "ann", Scope.READ, Scope.SUBMIT), await as_owner(site, "bob", Scope.READ)
    operator, admin = await as_owner(site, "op", Scope.OPERATE), await as_owner(site, "root", Scope.ADMIN)
    created = await site.client.post("/v1/jobs", json={"kind": "noop", "params": {}}, headers=ann)
    hers, nobodys = created.json()["job_id"], await insert_one(store)

    async def listed(headers: Headers, query: str = "") -> list[str]:
        answer = await site.client.get(f"/v1/jobs{query}", headers=headers)
        return [job["id"] for job in answer.json()["jobs"]]

    assert await listed(ann) == [hers] == await listed(ann, "?owner=ann") == await listed(operator, "?owner=ann")
    assert await listed(bob) == [] == await listed(bob, "?owner=ann")
    assert await listed(operator) == [nobodys, hers] == await listed(admin)
    for headers in (ann, operator, admin):
        assert (await site.client.get(f"/v1/jobs/{hers}", headers=headers)).json()["owner"] == "ann"
    assert (await site.client.post(f"/v1/jobs/{hers}/cancel", headers=operator)).status_code == 200


async def test_keys_are_each_owners_own(site: Site) -> None:  # S16
    ann, bob = [await as_owner(site, name, Scope.SUBMIT) for name in ("ann", "bob")]
    body = {"kind": "noop", "params": {}, "key": "k"}
    answers = [await site.client.post("/v1/jobs", json=body, headers=headers) for headers in (ann, bob, ann)]
    assert [answer.status_code for answer in answers] == [201, 201, 200]
    assert answers[0].json()["job_id"] == answers[2].json()["job_id"] != answers[1].json()["job_id"]


async def test_the_first_token_made_elsewhere_locks_the_server_within_a_second(site: Site) -> None:  # I7
    assert (await site.client.get("/v1/jobs")).status_code == 200
    await site.store.tokens.add(NewToken("tok-1", "0" * 64, "test", "ann", (Scope.READ,)), by="user:test")

    async def is_locked() -> bool:
        return (await site.client.get("/v1/jobs")).status_code == 401

    await until(is_locked)


async def test_a_token_lives_and_dies_over_http(site: Site) -> None:  # H14
    root = bearing(await token(site, Scope.ADMIN))
    made = await site.client.post("/v1/tokens", json={"name": "shop", "scopes": ["read"]}, headers=root)
    assert made.status_code == 201
    text, token_id = made.json()["token"], made.json()["id"]
    assert (await site.client.get("/v1/jobs", headers=bearing(text))).status_code == 200
    listed = (await site.client.get("/v1/tokens", headers=root)).json()["tokens"][1]
    assert (listed["id"], listed["name"], listed["owner"], listed["scopes"]) == (token_id, "shop", "shop", ["read"])
    assert text[-43:] not in (await site.client.get("/v1/tokens", headers=root)).text
    gone = await site.client.delete(f"/v1/tokens/{token_id}", headers=root)
    assert (gone.status_code, "revoked_at" in gone.json()) == (200, True)
    assert (await site.client.get("/v1/jobs", headers=bearing(text))).status_code == 401
    assert (await site.client.delete("/v1/tokens/tok-none", headers=root)).json()["code"] == "UNKNOWN_TOKEN"


async def test_all_that_is_wrong_with_a_token_is_told(site: Site) -> None:  # H15
    for body, field in (
        ({"name": "", "scopes": ["read"]}, "name"),
        ({"name": "a", "scopes": []}, "scopes"),
        ({"name": "a", "scopes": ["root"]}, "scopes.0"),
        ({"name": "a", "scopes": ["read"], "rate": "often"}, "rate"),
        ({"name": "a", "scopes": ["read"], "expires_in": 0}, "expires_in"),
        ({"name": "a", "scopes": ["read"], "token": "mine"}, "token"),
    ):
        answer = await site.client.post("/v1/tokens", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert await site.store.tokens.list() == []


async def test_a_revoked_token_loses_its_open_streams_too(site: Site) -> None:  # H14; security: revoked within 1 s
    job_id = await insert_one(site.store, owner="ann")
    text = await token(site, Scope.READ)
    async with opened(site.client, f"/v1/jobs/{job_id}/stream", **bearing(text)) as stream:
        await site.store.tokens.revoke(id_of(text) or "", by="user:test")  # as another process would
        async with asyncio.timeout(20):
            assert [frame async for frame in stream] == []  # in good order, and without `[DONE]`
    assert (await site.client.get(f"/v1/jobs/{job_id}/stream", headers=bearing(text))).status_code == 401


async def test_the_last_use_is_kept_to_the_minute(site: Site) -> None:
    text = await token(site, Scope.READ)

    async def used_at() -> int | None:
        await site.client.get("/v1/jobs", headers=bearing(text))
        [record] = await site.store.tokens.list()
        return record.used_at_ms

    first = await used_at()
    assert first is not None
    advance(timedelta(seconds=30), site.store)
    assert await used_at() == first
    advance(timedelta(seconds=31), site.store)
    assert (await used_at() or 0) >= first + 61_000


async def test_a_token_that_calls_too_often_waits_and_others_do_not(site: Site) -> None:  # H14
    eager, calm = await token(site, Scope.READ, rate="3/h"), await token(site, Scope.READ)
    answers = [await site.client.get("/v1/jobs", headers=bearing(eager)) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[3].json()["code"] == "RATE_LIMITED"
    assert 0 < int(answers[3].headers["retry-after"]) <= 1200
    assert (await site.client.get("/v1/jobs", headers=bearing(calm))).status_code == 200


@pytest.mark.parametrize("site", [Changes(max_streams=2, max_streams_per_token=1)], indirect=True)
async def test_open_streams_are_counted_for_each_token_and_in_all(site: Site) -> None:  # security: denial of service
    first, second, third = [bearing(await token(site, Scope.READ)) for _ in range(3)]
    url = f"/v1/jobs/{await insert_one(site.store, owner='ann')}/stream"
    async with opened(site.client, url, **first):
        refused = await site.client.get(url, headers=first)
        assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (
            429,
            "RATE_LIMITED",
            "10",
        )
        async with opened(site.client, url, **second):
            full = await site.client.get(url, headers=third)
            assert (full.status_code, full.json()["code"]) == (503, "TOO_MANY_STREAMS")

    async def is_free() -> bool:
        guard: Guard = site.api.state.guard
        return guard._streams.total() == 0

    await until(is_free)  # places come back when streams are left
    async with opened(site.client, url, **first):
        pass


async def acts(store: Store) -> list[tuple[str, str, str]]:
    return [(entry.actor, entry.act, entry.target) for entry in await store.audit.read(0, 100)]


async def test_refusals_are_in_the_audit_log_and_a_flood_is_counted(site: Site) -> None:  # D7, H14
    reader = await token(site, Scope.READ)
    revoked = await token(site, Scope.READ)
    await revoke(site, revoked)
    await site.client.get("/v1/jobs", headers=bearing("jh_nonsense"))
    await site.client.get("/v1/jobs", headers=bearing(revoked))
    await site.client.get("/v1/audit", headers=bearing(reader))
    assert (await acts(site.store))[3:] == [
        ("unknown", Act.AUTH_FAILED, "GET /v1/jobs"),
        (f"token:{id_of(revoked)}", Act.AUTH_FAILED, "GET /v1/jobs"),
        (f"token:{id_of(reader)}", Act.AUTH_DENIED, "GET /v1/audit"),
    ]
    for _ in range(60):
        await site.client.get("/v1/jobs", headers=bearing("jh_nonsense"))
    assert len(await acts(site.store)) <= 3 + 31
    for text in (reader, revoked, "jh_nonsense"):
        assert all(text not in str(entry) for entry in await site.store.audit.read(0, 100))


async def test_what_callers_do_is_in_the_audit_log(site: Site) -> None:  # D7, P20
    root = await token(site, Scope.ADMIN, owner="ann")
    headers, who = bearing(root), f"token:{id_of(root)}"
    made = await site.client.post("/v1/jobs", json={"kind": "noop", "params": {}}, headers=headers)
    url, job_id = f"/v1/jobs/{made.json()['job_id']}", made.json()["job_id"]
    await site.client.post(f"{url}/cancel", headers=headers)
    await site.client.post(f"{url}/retry", headers=headers)
    await site.client.delete(url, headers=headers)
    await site.client.delete(f"{url}?purge=true", headers=headers)
    await site.client.post("/v1/queues/q/pause", headers=headers)
    await site.client.post("/v1/queues/q/resume", headers=headers)
    await site.client.patch("/v1/queues/q", json={"depth_limit": 5}, headers=headers)
    assert (await acts(site.store))[1:] == [
        (who, Act.JOB_CREATED, job_id),
        (who, Act.JOB_CANCELLED, job_id),
        (who, Act.JOB_RETRIED, job_id),
        (who, Act.JOB_CANCELLED, job_id),
        (who, Act.JOB_PURGED, job_id),
        (who, Act.QUEUE_PAUSED, "q"),
        (who, Act.QUEUE_RESUMED, "q"),
        (who, Act.QUEUE_LIMITED, "q"),
    ]
    told = (await site.client.get("/v1/audit?after=1&limit=1", headers=headers)).json()["entries"]
    assert [(entry["number"], entry["act"], entry["detail"]["owner"]) for entry in told] == [(2, "JOB_CREATED", "ann")]
    newest = (await site.client.get("/v1/audit?limit=1", headers=headers)).json()["entries"]
    assert [entry["act"] for entry in newest] == ["QUEUE_LIMITED"]


async def test_scopes_are_in_the_document(site: Site) -> None:
    document = (await site.client.get("/openapi.json")).json()
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for route in asked_by(site.api):
        if route.path != "/docs":
            told = document["paths"][route.path][route.method.lower()]
            assert told["security"] == [{"bearer": [scope]} for scope in route.any_of], route
            assert not route.any_of or {"401", "403", "429"} <= told["responses"].keys()


def test_a_route_that_declares_nothing_keeps_the_api_from_being_made() -> None:
    router = APIRouter()

    @router.get("/v1/secrets")
    async def ls() -> None: ...

    with pytest.raises(TypeError, match="ls /v1/secrets must declare one caller"):
        list(declared(router))
