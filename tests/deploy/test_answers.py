"""What probes, health checks and the scaler ask of a server, it answers."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from jobhive.api import Server, create_api
from jobhive.api.hosts import hosts_of
from jobhive.core.access import Scope
from jobhive.core.token import NewToken, mint
from jobhive.store.sqlite import SqliteStore
from tests.api.conftest import Changes, services_on
from tests.deploy.files import GUIDE, image, kubernetes, programs, resource

_KEDAS_TOKEN = re.compile(r"token new keda --scope (\w+)")
_SAMPLE = re.compile(r'(\w+)\{(\w+)="(\w+)"\}')


@pytest.fixture
async def kedas_token(store: SqliteStore) -> str:
    """With the scope that the guide gives it."""
    minted = mint()
    scopes = tuple(Scope(each) for each in _KEDAS_TOKEN.findall(GUIDE.read_text()))
    await store.tokens.add(NewToken(minted.token_id, minted.digest, "keda", "keda", scopes, None, None), by="user:test")
    return minted.text


@pytest.fixture
async def server(store: SqliteStore, kedas_token: str) -> AsyncIterator[Server]:
    """As the cluster's, with a token, and named as that is."""
    [told] = [each.environment for each in programs() if each.where == "kubernetes: server"]
    hosts = hosts_of(told["JOBHIVE_HOST"], told["JOBHIVE_ALLOWED_HOSTS"])
    server = Server(create_api(services_on(store, Changes(allowed_hosts=hosts))), "127.0.0.1", 0)
    await server.start()
    yield server
    await server.stop()


def _triggers() -> list[dict[str, Any]]:
    triggers: list[dict[str, Any]] = resource("ScaledObject", "jobhive-worker")["spec"]["triggers"]
    return triggers


@pytest.mark.parametrize("trigger", _triggers(), ids=lambda trigger: trigger["name"])
async def test_the_scaler_finds_its_figure(trigger: dict[str, Any], server: Server, kedas_token: str) -> None:  # B9
    asked = httpx2.URL(trigger["metadata"]["url"])
    headers = {"Host": asked.netloc.decode(), "Authorization": f"Bearer {kedas_token}"}
    async with httpx2.AsyncClient() as client:
        answer = await client.get(f"{server.url}{asked.path}", headers=headers)
    assert answer.status_code == 200, answer.text
    sample = _SAMPLE.fullmatch(trigger["metadata"]["valueLocation"])
    assert sample is not None
    told = {
        (each.name, *label) for family in text_string_to_metric_families(answer.text) for each in family.samples
        for label in each.labels.items()
    }  # fmt: skip
    assert sample.groups() in told


def test_the_scaler_adds_a_pod_before_the_others_are_full() -> None:
    [worker] = [each.environment for each in programs() if each.where == "kubernetes: worker"]
    places = int(worker["JOBHIVE_PROCESSES"]) * int(worker["JOBHIVE_CONCURRENCY"])
    modifiers = resource("ScaledObject", "jobhive-worker")["spec"]["advanced"]["scalingModifiers"]
    assert 0 < int(modifiers["target"]) <= places
    assert modifiers["formula"].split(" + ") == [each["name"] for each in _triggers()]


@pytest.mark.parametrize("probe", ["startupProbe", "readinessProbe", "livenessProbe"])
async def test_probes_are_answered_without_a_token(probe: str, server: Server) -> None:
    [container] = resource("Deployment", "jobhive-server")["spec"]["template"]["spec"]["containers"]
    async with httpx2.AsyncClient() as client:
        answer = await client.get(f"{server.url}{container[probe]['httpGet']['path']}")
    assert answer.status_code == 200
    assert container[probe]["httpGet"]["port"] in {port["name"] for port in container["ports"]}


async def test_the_health_check_of_the_image_tells_a_server_from_none(server: Server) -> None:
    port = server.url.rpartition(":")[2]
    assert image().healthcheck[:2] == ["python", "-c"]
    assert await _checked(port) == 0
    await server.stop()
    assert await _checked(port) != 0


async def _checked(port: str) -> int:
    """The exit code of the check."""
    environment = os.environ | {"JOBHIVE_PORT": port}
    check = await asyncio.create_subprocess_exec(
        sys.executable, *image().healthcheck[1:], env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    return await check.wait()


def test_the_url_of_the_scaler_is_that_of_the_service() -> None:
    service = resource("Service", "jobhive-server")
    namespaces = {each["namespace"] for each in kubernetes() if each["kind"] == "Kustomization"}
    [port] = service["spec"]["ports"]
    [namespace] = namespaces
    for trigger in _triggers():
        told = f"http://{service['metadata']['name']}.{namespace}.svc:{port['port']}/metrics"
        assert trigger["metadata"]["url"] == told
