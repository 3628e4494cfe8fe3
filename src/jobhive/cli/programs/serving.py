"""The API of an application, served."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from jobhive.api import Server, create_api
from jobhive.api.hosts import hosts_of
from jobhive.app import Jobhive
from jobhive.app.serving import services_of
from jobhive.cli.programs.loop import Stop
from jobhive.settings import Settings
from jobhive.worker.child import tell_ready


@asynccontextmanager
async def served(app: Jobhive, settings: Settings) -> AsyncGenerator[Server]:
    """The application's API answers for the length of the block. Raises PortInUse, CannotListen."""
    hosts = hosts_of(settings.host, settings.allowed_hosts)
    server = Server(create_api(services_of(app, hosts)), settings.host, settings.port)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def serve_until_stopped(app: Jobhive, settings: Settings, stop: Stop) -> None:
    """Opens the store, serves, does the duties of upkeep; returns after the first signal, with everything closed."""
    async with app, app.upkeep(), served(app, settings):
        await tell_ready()
        await stop.asked.wait()
