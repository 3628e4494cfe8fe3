"""Starting and stopping the server."""

import asyncio
import signal
import socket

import httpx2
import pytest

from jobhive.api import CannotListen, PortInUse, Server
from jobhive.api.hosts import hosts_of
from jobhive.core.access import Scope
from jobhive.testing import append, complete, insert_one, start_one
from tests.api.conftest import Site
from tests.api.tokens import bearing, revoke, token
from tests.api.wire import opened, whole


async def test_a_port_in_use_is_a_clear_error(site: Site) -> None:
    second = Server(site.api, "127.0.0.1", site.port)
    with pytest.raises(PortInUse, match=rf"port {site.port} on 127\.0\.0\.1 is taken.*--port") as caught:
        await second.start()
    assert caught.value.code == "PORT_IN_USE"
    await second.stop()
    assert (await site.client.get("/health")).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "host.invalid", "127.0.0.1 "])
async def test_addresses_that_others_can_reach_or_nobody_has_are_refused(site: Site, host: str) -> None:  # I7
    with pytest.raises(CannotListen) as caught:
        await Server(site.api, host, 0).start()
    assert host in str(caught.value)


async def test_with_a_token_others_may_come(site: Site, caplog: pytest.LogCaptureFixture) -> None:  # I7
    text = await token(site, Scope.READ)
    await site.client.get("/v1/jobs", headers=bearing(text))
    server = Server(site.api, "0.0.0.0", 0)
    await server.start()
    async with httpx2.AsyncClient(base_url=server.url.replace("0.0.0.0", "127.0.0.1")) as client:
        assert (await client.get("/v1/jobs")).status_code == 401
        assert (await client.get("/v1/jobs", headers=bearing(text))).status_code == 200
        await revoke(site, text)  # the last one
        assert (await client.get("/v1/jobs")).status_code == 401
    await server.stop()
    assert any("put a proxy with TLS in front" in line for line in caplog.messages)


def test_a_server_answers_to_the_names_of_where_it_listens() -> None:  # security: DNS rebinding
    assert hosts_of("127.0.0.1", "") == {"127.0.0.1"}
    assert hosts_of("::1", "jobs.example, 2001:db8::7,") == {"[::1]", "jobs.example", "[2001:db8::7]"}
    everywhere = hosts_of("0.0.0.0", "jobs.example")
    assert {"jobs.example", "127.0.0.1", socket.gethostname()} <= everywhere
    assert "0.0.0.0" not in everywhere


async def test_a_privileged_or_impossible_port_is_a_clear_error(site: Site) -> None:
    with pytest.raises(CannotListen, match="--port"):
        await Server(site.api, "127.0.0.1", 70_000).start()


async def test_localhost_is_loopback(site: Site) -> None:
    server = Server(site.api, "localhost", 0)
    await server.start()
    async with httpx2.AsyncClient() as client:
        assert (await client.get(f"{server.url}/health")).status_code == 200
    await server.stop()


async def test_no_connection_is_accepted_after_the_stop(site: Site) -> None:
    await site.server.stop()
    with pytest.raises(httpx2.ConnectError):
        await site.client.get("/health")
    await site.server.stop()


async def test_open_streams_do_not_hold_up_the_stop_and_resume_elsewhere(site: Site) -> None:  # I3, I8, P12
    claim = await start_one(site.store)
    await site.store.events.append([append(claim, 2, "a", "b")])
    idle = await insert_one(site.store)
    url = f"/v1/jobs/{claim.job_id}/stream"
    async with (
        opened(site.client, url) as first,
        opened(site.client, url) as second,
        opened(site.client, f"/v1/jobs/{idle}/stream"),
        opened(site.client, "/v1/workers/heartbeats/stream"),
    ):
        seen = [await anext(first), await anext(first), await anext(first)]
        assert (await anext(second)).id == 1
        await site.server.stop()
        assert [frame async for frame in first] == []  # closed in good order, and without `[DONE]`
        assert [frame.id async for frame in second] == [2, 3]
    await site.store.events.append([append(claim, 4, "c")])
    await site.server.start()
    await site.store.jobs.finish([complete(claim)])
    rest = await whole(site.client, url, Last_Event_ID=str(seen[-1].id))
    assert [frame.id for frame in [*seen, *rest]] == [1, 2, 3, 4, 5]


async def test_a_reader_that_takes_nothing_does_not_hold_up_the_stop(site: Site) -> None:  # P12
    claim = await start_one(site.store)
    _, writer = await asyncio.open_connection(site.host, site.port, limit=1024)
    writer.write(f"GET /v1/jobs/{claim.job_id}/stream HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    big = "x" * 1_000_000
    async with opened(site.client, f"/v1/jobs/{claim.job_id}/stream") as healthy:
        assert (await anext(healthy)).id == 1
        for number in range(2, 22):
            await site.store.events.append([append(claim, number, big)])
            assert (await anext(healthy)).id == number
    assert site.most_unsent_bytes() > 0
    running = site.server._uvicorn
    assert running
    await site.server.stop()
    assert (running.server_state.connections, running.server_state.tasks) == (set(), set())
    writer.transport.abort()


async def test_signals_stay_with_those_who_started_the_server(site: Site) -> None:
    await site.server.stop()
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    await site.server.start()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


async def test_small_events_are_not_held_back_by_the_network(site: Site) -> None:  # I2
    async with opened(site.client, f"/v1/jobs/{await insert_one(site.store)}/stream"):
        running = site.server._uvicorn
        assert running
        [connection] = running.server_state.connections
        connected: socket.socket = connection.transport.get_extra_info("socket")
        assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


async def test_the_address_can_be_taken_again_at_once(site: Site) -> None:
    await site.server.stop()
    with socket.create_server((site.host, site.port)):
        pass
    await site.server.start()
    assert (await site.client.get("/health")).status_code == 200
