"""A disk that is full, or fails: writes are refused and say so, reads go on, and work resumes by itself."""

import os
import resource
import subprocess
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

import httpx2
import pytest

from jobhive.testing.faults import HISTORY
from tests.cli.program import Background

_ROOT = Path(__file__).parents[2]


class Disk(Protocol):
    """Where the store is."""

    status: HTTPStatus  # what the API answers to writes while there is no room
    code: str

    def place(self) -> Path: ...

    def fill(self, *programs: Background) -> None: ...

    def free(self, *programs: Background) -> None: ...


class SmallDisk:
    """A file system of two megabytes, filled by a file beside the store."""

    status = HTTPStatus.INSUFFICIENT_STORAGE
    code = "STORE_FULL"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self) -> Path:
        return self._folder

    def fill(self, *_: Background) -> None:
        with (self._folder / "ballast").open("wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(512))
            except OSError:
                return

    def free(self, *_: Background) -> None:
        (self._folder / "ballast").unlink()


class FailingDisk:
    """A disk that fails: the system lets the programs write only into the first pages of a file."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "STORE_UNAVAILABLE"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self) -> Path:
        return self._folder

    def fill(self, *programs: Background) -> None:
        self._limit(8192, *programs)

    def free(self, *programs: Background) -> None:
        self._limit(resource.RLIM_INFINITY, *programs)

    def _limit(self, size: int, *programs: Background) -> None:
        for program in programs:
            resource.prlimit(program.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting a small file system needs the right to mount")
    yield SmallDisk(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def failing_disk(tmp_path: Path) -> Disk:
    if not hasattr(resource, "prlimit"):
        pytest.skip("limits of another process can be set on Linux only")
    return FailingDisk(tmp_path)


@pytest.fixture(params=["small_disk", "failing_disk"])
def disk(request: pytest.FixtureRequest) -> Disk:
    disk: Disk = request.getfixturevalue(request.param)
    return disk


def test_a_disk_without_room_loses_nothing_and_is_outlived(disk: Disk, tmp_path: Path) -> None:  # P9
    changes = {
        "JOBHIVE_URL": f"sqlite:///{disk.place()}/jobhive.db",
        "JOBHIVE_DATA": str(tmp_path),
        "JOBHIVE_APP": "tests.system.jobs:app",
        HISTORY: str(tmp_path / "history"),
        "PYTHONPATH": str(_ROOT),
        "JOBHIVE_LOG_FORMAT": "human",
    }
    with (
        Background("serve", "--port", "0", cwd=_ROOT, changes=changes) as server,
        Background("worker", cwd=_ROOT, changes=changes) as worker,
    ):
        url = next(word for word in server.until("listens").split() if word.startswith("http")).rstrip(":")
        worker.until("started")
        with httpx2.Client(base_url=url, timeout=60) as client:
            acknowledged = [_accepted(_post(client)) for _ in range(5)]
            disk.fill(server, worker)
            while (answer := _post(client)).status_code == HTTPStatus.CREATED:
                acknowledged.append(_accepted(answer))
            assert (answer.status_code, answer.json()["code"]) == (disk.status, disk.code)
            assert client.get("/health/deep").status_code == disk.status
            for job_id in acknowledged:
                assert client.get(f"/v1/jobs/{job_id}").status_code == HTTPStatus.OK
            disk.free(server, worker)
            acknowledged.append(_accepted(_post(client)))
            for job_id in acknowledged:
                assert client.get(f"/v1/jobs/{job_id}/stream").text.endswith("data: [DONE]\n\n")
                assert client.get(f"/v1/jobs/{job_id}").json()["state"] == "complete"


def _post(client: httpx2.Client) -> httpx2.Response:
    return client.post("/v1/jobs", json={"kind": "square", "params": {"n": 3}})


def _accepted(answer: httpx2.Response) -> str:
    assert answer.status_code == HTTPStatus.CREATED, answer.text
    return str(answer.json()["job_id"])
