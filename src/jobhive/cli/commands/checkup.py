"""The checks of `jobhive doctor`. They leave nothing behind."""

import asyncio
import importlib.util
import os
import platform
import socket
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import apsw

from jobhive.app.locate import store_at
from jobhive.cli.exits import CommandError
from jobhive.cli.output import say_json, say_table
from jobhive.cli.server.http import Api, Unreachable
from jobhive.core.errors import JobhiveError
from jobhive.kinds.inference.locate import locate_model
from jobhive.settings import Settings
from jobhive.store.sqlite.admission import admit_folder, admit_library, file_system_of

OK, FAIL = "OK", "FAIL"


class Finding(NamedTuple):
    """What one check found."""

    name: str
    verdict: str
    sentence: str

    @property
    def has_failed(self) -> bool:
        """Whether Jobhive cannot work like this."""
        return self.verdict == FAIL


def examine(settings: Settings) -> list[Finding]:
    """All checks, whatever the others found."""
    checks: dict[str, Callable[[], str]] = {
        "python": _python,
        "sqlite": _sqlite,
        "folder": lambda: _folder(settings.data),
        "store": lambda: asyncio.run(_store(settings)),
        "server": lambda: _server(settings),
        "model": lambda: _model(settings),
    }
    return [_found(name, check) for name, check in checks.items()]


def say_findings(findings: Sequence[Finding], *, is_json: bool) -> None:
    """A line for each, or all as one JSON list."""
    if is_json:
        say_json([finding._asdict() for finding in findings])
    else:
        say_table(("VERDICT", "CHECK", "FOUND"), [(each.verdict, each.name, each.sentence) for each in findings])


def _found(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, OK, check())
    except (JobhiveError, CommandError, OSError) as error:
        return Finding(name, FAIL, str(error))


def _python() -> str:
    return f"{platform.python_version()} on {platform.system()} {platform.machine()}"


def _sqlite() -> str:
    admit_library()
    return f"{apsw.sqlite_lib_version()}, bundled with apsw {apsw.apsw_version()}"


def _folder(folder: Path) -> str:
    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    admit_folder(existing / "jobhive.db")
    try:
        with tempfile.TemporaryFile(dir=existing) as probe:
            probe.write(b"jobhive")
    except OSError as error:
        advice = "check its owner and mode and the room on its disk, or name another with --data"
        raise CommandError(f"{existing} cannot be written ({error.strerror}); {advice}") from error
    where = f"{file_system_of(existing)}, a local disk"
    return f"{folder} is writable ({where})" if existing == folder else f"{folder} can be made in {existing} ({where})"


async def _store(settings: Settings) -> str:
    store = store_at(settings)
    version, newest = await store.schema.version(), len(store.schema.migrations())
    if version == 0:
        return f"there is none yet; the first start makes it at {store.url}"
    if version < newest:  # opening it would change it
        return f"{store.url} has schema {version}; the next start, or `jobhive db migrate`, brings it to {newest}"
    await store.open()
    try:
        checks = await store.check()
    finally:
        await store.close()
    return f"{store.url} opens: {', '.join(f'{name} {said}' for name, said in checks.items())}"


def _server(settings: Settings) -> str:
    try:
        with Api(settings.server) as api:
            return f"Jobhive {api.get('/health').get('version')} answers at {settings.server}"
    except Unreachable:
        return _port(settings.host, settings.port)


def _port(host: str, port: int) -> str:
    try:
        with socket.create_server((host, port)):
            return f"nobody answers yet; port {port} on {host} is free"
    except OSError as error:
        raise CommandError(
            f"port {port} on {host} cannot be had ({os.strerror(error.errno or 0)}) and no Jobhive answers there; "
            "stop the program that has it, or choose another with --port"
        ) from error


def _model(settings: Settings) -> str:
    if settings.inference_url is not None:
        return asyncio.run(_inference(settings.inference_url, settings))
    if settings.model is None and importlib.util.find_spec("xllamacpp") is None:
        return "none, and none is needed; `pip install 'jobhive[llm]'` adds kind `generate`"
    return str(locate_model(settings.model))


async def _inference(url: str, settings: Settings) -> str:
    from jobhive.app.remote import remote_engine

    engine = remote_engine(url, settings)
    try:
        served = await engine.served()
    finally:
        await engine.stop()
    return f"{engine.server} serves {served.model} (dialect {served.dialect})"
