"""One idempotency key from many clients of several servers, some of whom lose the answer and ask again: one job."""

import asyncio
import json
import random

import httpx2
import pytest

from jobhive.core.record import JobFilter
from jobhive.store.sqlite import SqliteStore
from tests.api.served import serving

_CLIENTS = 50


async def test_fifty_clients_with_one_key_make_one_job(store: SqliteStore) -> None:  # B4, P11
    await _submit_again_and_again(store, random.Random(1), rounds=5)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [2])
async def test_two_hundred_times_they_make_one_job(store: SqliteStore, seed: int) -> None:  # B4, P11
    await _submit_again_and_again(store, random.Random(seed), rounds=200)


async def _submit_again_and_again(store: SqliteStore, chance: random.Random, rounds: int) -> None:
    async with serving(store.path) as one, serving(store.path) as other:
        for number in range(rounds):
            body: dict[str, object] = {"kind": "add", "params": {"a": number}, "key": f"key-{number}"}
            clients = [chance.choice([one.client, other.client]) for _ in range(_CLIENTS)]
            answers = await asyncio.gather(*(_submit(client, body, chance.random() < 0.3) for client in clients))
            assert sum(answer.status_code == 201 for answer in answers) <= 1
            assert {answer.status_code for answer in answers} <= {200, 201}
            [job_id] = {answer.json()["job_id"] for answer in answers}
            refused = await chance.choice(clients).post("/v1/jobs", json=body | {"params": {"a": -1}})
            assert (refused.status_code, refused.json()["code"]) == (409, "KEY_REUSED")
            [newest] = (await store.jobs.list(JobFilter(), 1, None)).jobs
            assert newest.job_id == job_id
    assert (await store.jobs.counts())["pending"] == rounds


async def _submit(client: httpx2.AsyncClient, body: dict[str, object], is_reply_lost: bool) -> httpx2.Response:
    if is_reply_lost:
        await _submit_and_leave(client.base_url, json.dumps(body))
    return await client.post("/v1/jobs", json=body)


async def _submit_and_leave(url: httpx2.URL, body: str) -> None:
    """The server does what it was asked to; its answer reaches nobody."""
    _, writer = await asyncio.open_connection(url.host, url.port)
    head = (
        f"POST /v1/jobs HTTP/1.1\r\nHost: {url.host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    )
    writer.write(f"{head}\r\n\r\n{body}".encode())
    await writer.drain()
    writer.close()
