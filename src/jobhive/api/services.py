"""What the routes stand on, handed in by whoever puts the application together."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request

from jobhive.client.registry import Kinds
from jobhive.client.submit import Submitter
from jobhive.store.port import Store
from jobhive.streams.reader import StreamReader


@dataclass(frozen=True)
class Services:
    """Owned by the application, which opens and closes them; lives as long as the API made from it."""

    store: Store
    kinds: Kinds
    submitter: Submitter
    reader: StreamReader
    allowed_hosts: frozenset[str]  # names beside the loopback ones under which browsers may reach the server
    version: str
    ping_every: timedelta = timedelta(seconds=15)  # a comment this often keeps proxies from closing a quiet stream
    max_body_bytes: int = 1 << 20
    body_seconds: float = 30  # for all of a body to come
    max_streams: int = 10_000  # open at once
    max_streams_per_token: int = 1_000


async def services_of(request: Request) -> Services:
    """The services of the API that the request came to."""
    services: Services = request.app.state.services
    return services


Wired = Annotated[Services, Depends(services_of)]
