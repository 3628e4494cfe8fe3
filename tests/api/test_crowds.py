"""Streams under many readers: all see the same, wherever their connections break and whoever is killed."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

import httpx2
import pytest

from jobhive.core.receipt import Claim
from jobhive.store.sqlite import SqliteStore
from jobhive.testing import append, complete, start_one
from tests.api.conftest import Site
from tests.api.served import Served, serving
from tests.api.wire import DONE, Frame, opened, whole


async def test_a_hundred_readers_see_the_same_to_the_end(store: SqliteStore) -> None:  # I3, P12
    await _all_see_the_same(store, 100)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_five_hundred_readers_see_the_same_to_the_end(store: SqliteStore) -> None:  # I3, P12
    await _all_see_the_same(store, 500)


@pytest.mark.parametrize("seed", [1])
async def test_cuts_and_killed_servers_lose_and_repeat_nothing(store: SqliteStore, seed: int) -> None:  # I3, P12
    await _survive(store, random.Random(seed), readers=10, cuts=100, kills=1)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [2, 3])
async def test_five_hundred_cuts_lose_and_repeat_nothing(store: SqliteStore, seed: int) -> None:  # I3, P12
    await _survive(store, random.Random(seed), readers=10, cuts=500, kills=10)


async def test_a_thousand_connects_and_drops_leave_nothing_behind(site: Site) -> None:  # P12
    claim = await start_one(site.store)
    request = f"GET /v1/jobs/{claim.job_id}/stream HTTP/1.1\r\nHost: {site.host}\r\n\r\n".encode()
    chance, before = random.Random(1), asyncio.all_tasks()
    for _ in range(40):
        await asyncio.gather(*(_drop(site, request, chance.choice([0, 1, 300])) for _ in range(25)))
    while left := asyncio.all_tasks() - before:
        _, stuck = await asyncio.wait(left, timeout=20)
        assert not stuck
    assert not site.store.signals._wakes, "somebody still listens to the job"


async def _drop(site: Site, request: bytes, patience: int) -> None:
    """Connects, and leaves after so many bytes of the answer."""
    reader, writer = await asyncio.open_connection(site.host, site.port)
    writer.write(request)
    await reader.readexactly(patience)
    writer.transport.abort()


async def _all_see_the_same(store: SqliteStore, count: int) -> None:
    claim = await start_one(store)
    url = f"/v1/jobs/{claim.job_id}/stream"
    async with serving(store.path) as served, AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(opened(served.client, url)) for _ in range(count)]
        reading = [asyncio.create_task(_rest(stream)) for stream in streams]
        for number in range(2, 52):
            await _tell(store, claim, number, "x" * number)
        await store.jobs.finish([complete(claim)])
        seen = await asyncio.gather(*reading)
        everything = await whole(served.client, url)
    assert [frame.id for frame in everything] == list(range(1, 53))
    assert all(frames[:-1] == everything for frames in seen)


async def _rest(stream: AsyncIterator[Frame]) -> list[Frame]:
    return [frame async for frame in stream]


async def _tell(store: SqliteStore, claim: Claim, first_seq: int, *values: str) -> None:
    assert await store.events.append([append(claim, first_seq, *values)]) == [claim.job_id]


class Servers:
    """A server, or after a kill its successor."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stack = AsyncExitStack()
        self._served: Served | None = None
        self._is_up = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self._start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def client(self) -> httpx2.AsyncClient:
        """Of the server that is there, once one is."""
        await self._is_up.wait()
        assert self._served is not None
        return self._served.client

    async def replace(self) -> None:
        """SIGKILL; then another one starts."""
        assert self._served is not None
        self._is_up.clear()
        self._served.process.kill()
        await self._served.process.wait()
        await self._start()

    async def _start(self) -> None:
        self._served = await self._stack.enter_async_context(serving(self._path))
        self._is_up.set()


class CutReader:
    """Reads a stream over connections that break after any byte."""

    def __init__(self, servers: Servers, url: str, chance: random.Random, cuts: int) -> None:
        self.cuts_left = cuts  # by our doing; a killed server makes further ones
        self.seen: list[tuple[int, object]] = []  # number and event
        self._servers = servers
        self._url = url
        self._chance = chance

    async def read(self) -> None:
        """Comes back until it has seen the end."""
        while not await self._is_done():
            pass

    async def _is_done(self) -> bool:
        client = await self._servers.client()
        headers = {"Last-Event-ID": str(self.seen[-1][0] if self.seen else 0)}
        try:
            async with client.stream("GET", self._url, headers=headers) as response:
                return response.status_code == 204 or await self._take(response)
        except httpx2.TransportError:  # the server was killed
            return False

    async def _take(self, response: httpx2.Response) -> bool:
        unread = b""
        async for part in response.aiter_bytes():
            kept = self._cut(part)
            *frames, unread = (unread + kept).split(b"\n\n")
            if self._is_over(frames):
                return True
            if len(kept) < len(part):
                return False
        return False

    def _is_over(self, frames: list[bytes]) -> bool:
        for text in map(bytes.decode, frames):
            if text.startswith("id: "):
                id_, data = text.split("\n")
                self.seen.append((int(id_.removeprefix("id: ")), json.loads(data.removeprefix("data: "))))
        return f"data: {DONE}".encode() in frames

    def _cut(self, part: bytes) -> bytes:
        if not self.cuts_left or self._chance.random() < 0.8:
            return part
        self.cuts_left -= 1
        return part[: self._chance.randrange(len(part))]


async def _survive(store: SqliteStore, chance: random.Random, readers: int, cuts: int, kills: int) -> None:
    claim = await start_one(store)
    url, told = f"/v1/jobs/{claim.job_id}/stream", 1
    async with Servers(store.path) as servers:
        crowd = [CutReader(servers, url, random.Random(chance.random()), cuts // readers) for _ in range(readers)]
        reading = [asyncio.create_task(reader.read()) for reader in crowd]
        for _ in range(kills):
            told = await _tell_some(store, claim, told, chance)
            await servers.replace()
        while any(reader.cuts_left for reader in crowd):
            told = await _tell_some(store, claim, told, chance)
        await store.jobs.finish([complete(claim)])
        await asyncio.gather(*reading)
        everything = [(frame.id, frame.data) for frame in await whole(await servers.client(), url)]
    assert [number for number, _ in everything] == list(range(1, told + 2))
    for reader in crowd:
        assert reader.seen == everything


async def _tell_some(store: SqliteStore, claim: Claim, told: int, chance: random.Random) -> int:
    """The number of the last event told."""
    for _ in range(20):
        values = ["x" * chance.choice([1, 100, 5000])] * chance.randint(1, 4)
        await _tell(store, claim, told + 1, *values)
        told += len(values)
    return told
