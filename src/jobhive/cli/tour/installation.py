"""A whole Jobhive of its own, on a fresh folder and a free port, for as long as a block lasts.

Its store is a file in the folder, unless the settings name a database server: then what it does stays there.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil

from jobhive.app.locate import is_server
from jobhive.cli.exits import CommandError
from jobhive.cli.output import note
from jobhive.cli.server.http import Api, Unreachable
from jobhive.settings import load_settings

DEFAULT_QUEUE = "default"
_SECONDS_TO_START = 60.0
_SECONDS_TO_STOP = 15.0
_LOOK_EVERY_SECONDS = 0.1
_LOG_LINES_SHOWN = 20


class Installed(NamedTuple):
    """What runs."""

    api: Api
    process: subprocess.Popen[bytes]  # `jobhive up`
    store: str  # where its jobs are, for people

    def worker(self, queue: str) -> int | None:
        """The process of its own that serves just this queue; others may be at work on the same store."""
        own = {child.pid for child in psutil.Process(self.process.pid).children()}
        workers = self.api.get("/v1/workers/active")["workers"]
        for worker in workers if isinstance(workers, list) else []:
            if isinstance(worker, dict) and worker["queues"] == [queue] and worker["pid"] in own:
                return int(str(worker["pid"]))
        return None


@contextmanager
def installed(app: str, model: str | None) -> Generator[Installed]:
    """Runs `jobhive up` for the application; what was started is stopped, and the folder removed."""
    with tempfile.TemporaryDirectory(prefix="jobhive-") as folder:
        url = load_settings().url
        on_server = is_server(url)
        note(f"starting server and workers in {folder}")
        port, log = _free_port(), Path(folder, "up.log")
        process = _start(app, model, port, Path(folder), url if on_server else f"sqlite:///{folder}/jobhive.db", log)
        try:
            with Api(f"http://127.0.0.1:{port}") as api:
                running = Installed(api, process, "PostgreSQL" if on_server else "one SQLite file")
                _await_workers(running, log)
                yield running
        finally:
            _stop(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(app: str, model: str | None, port: int, folder: Path, url: str, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "jobhive", "up", "--app", app, "--grace", "5"]
    chosen = {} if model is None else {"JOBHIVE_MODEL": str(Path(model).absolute())}
    own = {"JOBHIVE_DATA": str(folder), "JOBHIVE_URL": url, "JOBHIVE_PORT": str(port)}
    environment = os.environ | own | {"JOBHIVE_HOST": "127.0.0.1", "JOBHIVE_LOG_FORMAT": "human"} | chosen
    with log.open("wb") as output:
        return subprocess.Popen(command, stdout=output, stderr=output, env=environment, start_new_session=True)


def _await_workers(running: Installed, log: Path) -> None:
    """Returns once the server answers and the worker of the default queue has begun to claim."""
    patience = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < patience and running.process.poll() is None:
        if _is_ready(running):
            return
        time.sleep(_LOOK_EVERY_SECONDS)
    said = "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:])
    raise CommandError(f"the installation did not start; it said:\n{said}")


def _is_ready(running: Installed) -> bool:
    try:
        return running.worker(DEFAULT_QUEUE) is not None
    except (Unreachable, psutil.NoSuchProcess):
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
