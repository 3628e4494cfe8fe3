"""A server on a port of its own, over a database of its own."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from typing_extensions import TypedDict

from jobhive.api import Server, Services, create_api
from jobhive.client.handler import Handler, Style
from jobhive.client.registry import Kinds
from jobhive.client.submit import Submitter
from jobhive.core.kind import Kind
from jobhive.store.sqlite import SqliteStore
from jobhive.streams.reader import StreamReader


class Closed(BaseModel):
    """Params that take what they name and nothing else."""

    model_config = ConfigDict(extra="forbid")


class Sum(Closed):
    a: int
    b: int = 0


class Anything(BaseModel):
    """Params that keep whatever comes."""

    model_config = ConfigDict(extra="allow")


class Generation(Closed):
    prompt: Annotated[str, Field(min_length=1, max_length=100)]
    max_tokens: Annotated[int, Field(ge=1, le=2048)] = 256
    temperature: Annotated[float, Field(ge=0, le=2)] = 1.0


async def never_run(params: BaseModel) -> object:
    """These tests do a worker's part by hand."""
    raise NotImplementedError(params)


def kinds_of(**params: type[BaseModel]) -> Kinds:
    """Kinds of these names."""
    kinds = Kinds()
    for name, model in params.items():
        kind: Kind[BaseModel, BaseModel, object] = Kind(name, model, TypeAdapter(object), BaseModel)
        kinds.add(Handler(kind, never_run, Style.ASYNC, wants_context=False, model_parameter="params"))
    return kinds


async def forever() -> None:
    """For streams that nobody's token ends."""
    await asyncio.Event().wait()


class Changes(TypedDict, total=False):
    """Fields of `Services` that a test may want otherwise."""

    kinds: Kinds
    allowed_hosts: frozenset[str]
    ping_every: timedelta
    max_body_bytes: int
    body_seconds: float
    max_streams: int
    max_streams_per_token: int


def services_on(store: SqliteStore, changes: Changes) -> Services:
    """Services over the store, changed as told."""
    kinds = changes.get("kinds") or kinds_of(add=Sum, noop=Anything, generate=Generation)
    return Services(
        store=store,
        kinds=kinds,
        submitter=Submitter(store.jobs, kinds),
        reader=StreamReader(store),
        allowed_hosts=changes.get("allowed_hosts", frozenset()),
        version="1.2.3",
        ping_every=changes.get("ping_every", timedelta(seconds=15)),
        max_body_bytes=changes.get("max_body_bytes", 1 << 20),
        body_seconds=changes.get("body_seconds", 30),
        max_streams=changes.get("max_streams", 1_000),
        max_streams_per_token=changes.get("max_streams_per_token", 100),
    )


@dataclass
class Site:
    """All that a test touches."""

    store: SqliteStore
    api: FastAPI
    server: Server
    client: httpx2.AsyncClient
    host: str
    port: int

    def most_unsent_bytes(self) -> int:
        """What the server holds for the slowest of its clients."""
        running = self.server._uvicorn
        assert running
        return max(connection.transport.get_write_buffer_size() for connection in running.server_state.connections)


@pytest.fixture
async def site(store: SqliteStore, request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    """A running server; `parametrize("site", [Changes(…)], indirect=True)` changes its services."""
    api = create_api(services_on(store, getattr(request, "param", Changes())))
    server = Server(api, "127.0.0.1", 0)
    await server.start()
    url = httpx2.URL(server.url)
    async with httpx2.AsyncClient(base_url=url, timeout=30) as client:
        yield Site(store, api, server, client, url.host, url.port or 0)
    await server.stop()
