"""Who may call what, written down: a route that is not in the table fails, and so does one that lets in somebody else.

What callers without a token that holds are told is in test_access.py, for every route as well.
"""

from typing import NamedTuple

import pytest

from jobhive.core.access import Scope
from jobhive.core.token import id_of
from jobhive.testing import fail, insert_one, start_one
from tests.api.conftest import Site
from tests.api.test_access import Asked, asked_by
from tests.api.test_workers import ANN
from tests.api.tokens import Headers, as_owner, bearing, token

SUBMIT, READ, WORK, OPERATE, ADMIN = Scope.SUBMIT, Scope.READ, Scope.WORK, Scope.OPERATE, Scope.ADMIN
ANYBODY = frozenset(Scope)


class Row(NamedTuple):
    """What a route answers."""

    scopes: frozenset[Scope]  # with one of which it lets its caller in; `admin` is always one
    right: int = 200
    is_owned: bool = False  # a job, which does not exist for other owners
    body: dict[str, object] | None = None


def row(*scopes: Scope, right: int = 200, is_owned: bool = False, body: dict[str, object] | None = None) -> Row:
    return Row(frozenset({*scopes, ADMIN}), right, is_owned, body)


TABLE = {
    "GET /health": Row(ANYBODY),
    "GET /docs": Row(ANYBODY),
    "GET /health/deep": row(READ, WORK, OPERATE),
    "GET /metrics": row(READ, WORK, OPERATE),
    "POST /v1/jobs": row(SUBMIT, right=201, body={"kind": "noop", "params": {}}),
    "GET /v1/jobs": row(READ, OPERATE),
    "GET /v1/jobs/{job_id}": row(READ, OPERATE, is_owned=True),
    "DELETE /v1/jobs/{job_id}": row(SUBMIT, OPERATE, right=409, is_owned=True),
    "POST /v1/jobs/{job_id}/cancel": row(SUBMIT, OPERATE, right=409, is_owned=True),
    "POST /v1/jobs/{job_id}/retry": row(SUBMIT, OPERATE, is_owned=True),
    "GET /v1/jobs/{job_id}/stream": row(READ, OPERATE, is_owned=True),
    "POST /v1/inference": row(SUBMIT, right=201, body={"prompt": "a"}),
    "GET /v1/inference/{job_id}/stream": row(READ, OPERATE, is_owned=True),
    "GET /v1/queues": row(READ, WORK, OPERATE),
    "PATCH /v1/queues/{queue}": row(OPERATE, body={"depth_limit": 1000}),
    "POST /v1/queues/{queue}/pause": row(OPERATE),
    "POST /v1/queues/{queue}/resume": row(OPERATE),
    "GET /v1/workers/active": row(READ, WORK, OPERATE),
    "GET /v1/workers/active/{worker_id}": row(READ, WORK, OPERATE),
    "GET /v1/workers/heartbeats/stream": row(READ, WORK, OPERATE),
    "POST /v1/workers/active/{worker_id}/retire": row(WORK, OPERATE),
    "GET /v1/tokens": row(),
    "POST /v1/tokens": row(right=201, body={"name": "shop", "scopes": ["read"]}),
    "DELETE /v1/tokens/{token_id}": row(),
    "GET /v1/audit": row(),
}


async def status(site: Site, route: Asked, headers: Headers, spare: str) -> int:
    """Asks as it should be asked, of a job of Ann's that has failed; a stream is left at once."""
    claim = await start_one(site.store, owner="ann")
    await site.store.jobs.finish([fail(claim)])
    url = route.path.format(job_id=claim.job_id, queue="other", worker_id=ANN.worker_id, token_id=spare)
    body = TABLE[str(route)].body
    async with site.client.stream(route.method, url, headers=headers, json=body) as answer:
        return answer.status_code


async def test_every_route_is_in_the_table(site: Site) -> None:
    assert {str(route) for route in asked_by(site.api)} == TABLE.keys()


@pytest.mark.parametrize("scope", Scope)
async def test_a_scope_is_good_for_what_the_table_says_and_nothing_else(site: Site, scope: Scope) -> None:  # H14
    await site.store.workers.beat(ANN)
    ann, spare = await as_owner(site, "ann", scope), id_of(await token(site, READ)) or ""
    for route in asked_by(site.api):
        told = TABLE[str(route)]
        expected = told.right if scope in told.scopes else 403
        assert await status(site, route, ann, spare) == expected, str(route)


async def test_another_owner_is_told_that_there_is_no_such_job(site: Site) -> None:  # H14, S16
    await site.store.workers.beat(ANN)
    bob = await as_owner(site, "bob", SUBMIT, READ, WORK)
    for route in asked_by(site.api):
        told = TABLE[str(route)]
        is_let_in = bool(told.scopes & {SUBMIT, READ, WORK})
        expected = 403 if not is_let_in else 404 if told.is_owned else told.right
        assert await status(site, route, bob, "tok-none") == expected, str(route)


async def test_a_token_for_workers_shows_no_job(site: Site) -> None:  # H14
    job_id = await insert_one(site.store, queue="hers", owner="ann")
    headers = bearing(await token(site, WORK, owner="ann"))
    assert "hers" in (await site.client.get("/metrics", headers=headers)).text
    for path in ("/v1/jobs", f"/v1/jobs/{job_id}", f"/v1/jobs/{job_id}/stream"):
        answer = await site.client.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
        assert job_id not in answer.text
