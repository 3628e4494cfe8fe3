"""A whole Jobhive of its own, on a fresh folder and a free port, for as long as a block lasts."""

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

from jobhive.cli.exits import CommandError
from jobhive.cli.output import note
from jobhive.cli.server.http import Api, Unreachable

_SECONDS_TO_START = 60.0
_SECONDS_TO_STOP = 15.0
_LOOK_EVERY_SECONDS = 0.1
_LOG_LINES_SHOWN = 20


@contextmanager
def installed(app: str, model: str | None) -> Generator[Api]:
    """Runs `jobhive up` for the application; what was started is stopped, and the folder removed."""
    with tempfile.TemporaryDirectory(prefix="jobhive-") as folder:
        note(f"starting server and workers in {folder}")
        port, log = _free_port(), Path(folder, "up.log")
        process = _start(app, model, port, Path(folder), log)
        try:
            with Api(f"http://127.0.0.1:{port}") as api:
                _await_workers(api, process, log)
                yield api
        finally:
            _stop(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(app: str, model: str | None, port: int, folder: Path, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "jobhive", "up", "--app", app, "--grace", "5"]
    chosen = {} if model is None else {"JOBHIVE_MODEL": str(Path(model).absolute())}
    own = {"JOBHIVE_DATA": str(folder), "JOBHIVE_URL": f"sqlite:///{folder}/jobhive.db", "JOBHIVE_PORT": str(port)}
    environment = os.environ | own | {"JOBHIVE_HOST": "127.0.0.1", "JOBHIVE_LOG_FORMAT": "human"} | chosen
    with log.open("wb") as output:
        return subprocess.Popen(command, stdout=output, stderr=output, env=environment, start_new_session=True)


def _await_workers(api: Api, process: subprocess.Popen[bytes], log: Path) -> None:
    """Returns once the server answers and every worker that it will have has begun to claim."""
    patience = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < patience and process.poll() is None:
        if _is_ready(api):
            return
        time.sleep(_LOOK_EVERY_SECONDS)
    said = "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:])
    raise CommandError(f"the installation did not start; it said:\n{said}")


def _is_ready(api: Api) -> bool:
    try:
        workers = api.get("/v1/workers/active").get("workers")
    except Unreachable:
        return False
    return isinstance(workers, list) and len(workers) > 0


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
