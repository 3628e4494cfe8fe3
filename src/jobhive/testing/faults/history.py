"""What happened, line by line, as the processes of a test saw it: who asked for what, what came of it, who was killed.

Lines are written at once and survive whoever wrote them. `jobhive.testing.faults.audit` compares them with the store.
"""

import json
import os
import time
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple

from jobhive.core.errors import JobhiveError, StoreError

Phase = Literal["invoked", "ok", "failed", "unknown"]

ENQUEUE, RUN, KILL, PURGE = "enqueue", "run", "kill", "purge"
_NONE: Mapping[str, object] = MappingProxyType({})


class Happening(NamedTuple):
    """One line of a history."""

    at_ns: int  # of the machine's monotonic clock, the same for all its processes
    pid: int  # of the process that wrote it; of the victim of a kill
    what: str
    subject: str  # the id of a job, or the role of a killed process
    phase: Phase
    detail: dict[str, object]

    def __str__(self) -> str:
        told = "".join(f" {name}={value}" for name, value in self.detail.items())
        return f"{self.at_ns / 1e9:.6f} [{self.pid}] {self.what} {self.phase}{told}"


class History:
    """Written by any number of processes at once; `path` is how they find it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def close(self) -> None:
        """Writes no more."""
        os.close(self._descriptor)

    def note(
        self, what: str, subject: str, phase: Phase, detail: Mapping[str, object] = _NONE, pid: int | None = None
    ) -> None:
        """Adds a line, in one write."""
        line = Happening(time.monotonic_ns(), pid or os.getpid(), what, subject, phase, dict(detail))
        os.write(self._descriptor, json.dumps(line).encode() + b"\n")

    @contextmanager
    def noting(self, what: str, subject: str, **detail: object) -> Generator[None]:
        """Notes the block as invoked, and how it ended: a refusal certainly changed nothing, another error perhaps."""
        self.note(what, subject, "invoked", detail)
        try:
            yield
        except BaseException as error:
            is_refusal = isinstance(error, JobhiveError) and not isinstance(error, StoreError)
            self.note(what, subject, "failed" if is_refusal else "unknown", {**detail, "error": repr(error)})
            raise
        self.note(what, subject, "ok", detail)

    def read(self) -> list[Happening]:
        """All lines, in the order of their time."""
        lines = self.path.read_bytes().splitlines()
        return sorted((Happening._make(json.loads(line)) for line in lines), key=lambda line: line.at_ns)


def recoveries(lines: Iterable[Happening]) -> list[float]:
    """Seconds from each kill until each job that the victim ran was started again.

    Where a supervisor is killed meanwhile, they count from then: nobody is left who could start anything.
    """
    running: dict[str, int] = {}  # job → the process that runs it
    interrupted: dict[str, int] = {}  # job → when its process was killed
    found: list[float] = []
    for line in lines:
        match line.what, line.phase:
            case "run", "invoked":
                running[line.subject] = line.pid
                if line.subject in interrupted:
                    found.append((line.at_ns - interrupted.pop(line.subject)) / 1e9)
            case "run", _:
                running.pop(line.subject, None)
            case "kill", _:
                if line.subject == "supervisor":
                    interrupted = dict.fromkeys(interrupted, line.at_ns)
                interrupted |= {job_id: line.at_ns for job_id, pid in running.items() if pid == line.pid}
                running = {job_id: pid for job_id, pid in running.items() if pid != line.pid}
            case _:
                pass
    return found
