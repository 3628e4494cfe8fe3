"""A server and a worker as their users start them, shared by the tests of a module."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import Background, Done, Terminal, jobhive

HERE = Path(__file__).parent
APP = "sample_app:app"


class Hive:
    """What the terminal talks to."""

    def __init__(self, data: Path) -> None:
        self._settings = {"JOBHIVE_DATA": str(data), "JOBHIVE_APP": APP}
        self.url = ""  # known once a server has listened; a later one listens there too

    def server(self) -> Background:
        """A server that is ready; on the port of the one before, if there was one."""
        port = self.url.rpartition(":")[2] or "0"
        server = Background("serve", "--port", port, cwd=HERE, changes=self._settings)
        self.url = json.loads(server.until('"listens"'))["target"]
        return server

    def worker(self, *arguments: str) -> Background:
        """A worker that claims."""
        worker = Background("worker", *arguments, cwd=HERE, changes=self._settings)
        worker.until('"started"')
        return worker

    def __call__(self, *arguments: str, **changes: str) -> Done:
        """Runs a command line against the server."""
        return jobhive(*arguments, changes={"JOBHIVE_SERVER": self.url, **changes})

    def terminal(self, *arguments: str, **changes: str) -> Terminal:
        """The same, on a terminal."""
        return Terminal(*arguments, changes={"JOBHIVE_SERVER": self.url, **changes})

    def ended(self, kind: str, *arguments: str) -> str:
        """The id of a new job that has ended."""
        job_id = self("job", "new", kind, *arguments).out.strip()
        assert self("job", "result", job_id, "--timeout", "30").code in {0, 10}
        return job_id


def pipe(folder: Path) -> Path:
    """A named pipe: a gate for jobs of the sample application, open once it is written to."""
    gate = folder / "gate"
    os.mkfifo(gate)
    return gate


@pytest.fixture(scope="module")
def hive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hive]:
    """A server with one worker."""
    hive = Hive(tmp_path_factory.mktemp("data"))
    with hive.server(), hive.worker():
        yield hive
