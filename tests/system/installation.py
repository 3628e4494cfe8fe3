"""`jobhive up` as a user starts it, in a session of its own, with its store open here too."""

import asyncio
import os
import random
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from jobhive import Jobhive
from jobhive.core.record import WorkerRecord
from jobhive.store.signals import EVERYTHING
from tests.cli.program import environment
from tests.system import jobs

_ROOT = Path(__file__).parents[2]
_DEADLINE_SECONDS = 90.0


class Installation:
    """A folder, a port, and the processes that serve them. Everything ends with the block."""

    def __init__(self, folder: Path, *arguments: str, app: str = "tests.system.jobs:app") -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder}/jobhive.db"
        self.app = Jobhive(self.url)
        self.app.kinds = jobs.app.kinds  # the same jobs, on this installation's store
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.server = f"http://127.0.0.1:{self.port}"
        self._arguments = ("up", "--app", app, "--port", str(self.port), "--grace", "10", *arguments)
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        await self.app.open()
        await self.start()
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        await self.kill_all()
        await self.app.close()

    @property
    def log(self) -> str:
        """What it has said so far, of all its lives."""
        return (self.folder / "up.log").read_text()

    async def start(self) -> None:
        """Starts everything; returns once a worker has given a sign of life."""
        changes = {"JOBHIVE_URL": self.url, "JOBHIVE_DATA": str(self.folder), "PYTHONPATH": str(_ROOT)}
        with (self.folder / "up.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "jobhive",
                *self._arguments,
                cwd=_ROOT,
                env=environment(changes),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        await self.until(self.has_workers)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signals the supervisor, as a terminal or an init system would; the exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        return await asyncio.wait_for(self._process.wait(), _DEADLINE_SECONDS)

    async def kill_all(self) -> None:
        """SIGKILL to every process at once, as a power button would."""
        if self._process is not None and self._process.returncode is None:
            everyone = psutil.Process(self._process.pid).children(recursive=True)
            os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()
            await asyncio.to_thread(psutil.wait_procs, everyone, _DEADLINE_SECONDS)

    async def workers(self) -> list[WorkerRecord]:
        """Workers with a sign of life whose process is there."""
        active = await self.app.store.workers.active()
        return [worker for worker in active if psutil.pid_exists(worker.pid)]

    async def has_workers(self) -> bool:
        """Whether somebody works."""
        return bool(await self.workers())

    async def kill_a_worker(self, chance: random.Random) -> None:
        """SIGKILL to one of the workers, once there is one."""
        while not (workers := await self.workers()):
            await self.until(self.has_workers)
        os.kill(chance.choice(workers).pid, signal.SIGKILL)

    async def until(self, is_so: Callable[[], Awaitable[bool]]) -> None:
        """Waits for a fact about the store; looks whenever the store has changed."""
        try:
            async with asyncio.timeout(_DEADLINE_SECONDS):
                with self.app.store.signals.listen(EVERYTHING) as wake:
                    while not await is_so():
                        await wake.wait(0.2)
        except TimeoutError:
            counts = await self.app.store.jobs.counts()
            raise AssertionError(f"it did not come true; jobs: {counts}; the log:\n{self.log}") from None

    async def completed(self) -> int:
        """Jobs done so far."""
        return (await self.app.store.jobs.counts())["complete"]
