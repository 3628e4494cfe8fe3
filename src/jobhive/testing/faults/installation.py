"""`jobhive up` as a user starts it, in a session of its own, with its store open here too."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import psutil

from jobhive.app import Jobhive
from jobhive.core.record import WorkerRecord
from jobhive.store.signals import EVERYTHING
from jobhive.testing.faults.history import History

_DEADLINE_SECONDS = 90.0
_MOST_STARTS = 20
HISTORY = "JOBHIVE_TEST_HISTORY"  # environment: where the programs of an installation note what they do


class Running(NamedTuple):
    """One process of an installation."""

    role: str  # supervisor, server or worker
    pid: int


class Installation:
    """A folder, a port, and the processes that serve them. Everything ends with the block.

    `app` is what `--app` names; `application` is the same here, for its kinds, whose jobs go to the store at `url`.
    `through` is what its programs are started through, if anything, such as `ip netns exec NAME`.
    """

    def __init__(
        self,
        folder: Path,
        url: str,
        app: str,
        application: Jobhive,
        *arguments: str,
        changes: Mapping[str, str] | None = None,
        through: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self.url = url
        self.history = History(folder / "history")
        self.app = Jobhive(url, data=folder)
        self.app.kinds = application.kinds
        self.port = _free_port()
        self.server = f"http://127.0.0.1:{self.port}"
        self._arguments = ("up", "--app", app, "--port", str(self.port), "--grace", "10", *arguments)
        self._changes = dict(changes or {})
        self._through = through
        self._process: asyncio.subprocess.Process | None = None
        self._known: set[psutil.Process] = set()  # children seen so far, of all its lives

    async def __aenter__(self) -> Self:
        await self.app.open()
        await self.start()
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        await self.kill_all()
        await self.app.close()
        self.history.close()

    @property
    def environment(self) -> dict[str, str]:
        """What its processes see: our variables without those that would steer them, and what makes them its own."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("JOBHIVE_")}
        own = {"JOBHIVE_URL": self.url, "JOBHIVE_DATA": str(self.folder), "JOBHIVE_SERVER": self.server}
        return kept | own | {HISTORY: str(self.history.path)} | self._changes

    @property
    def log(self) -> str:
        """What it has said so far, of all its lives."""
        return (self.folder / "up.log").read_text()

    @property
    def is_up(self) -> bool:
        """Whether its supervisor runs."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Starts everything; returns once one of its workers has given a sign of life.

        A start that ends is tried again, as a person would: what was killed before may still hold the port.
        """
        for _ in range(_MOST_STARTS):
            self._process = await self.run_beside("-m", "jobhive", *self._arguments)
            await self.until(self._is_settled)
            if self.is_up:
                return
        raise AssertionError(f"it did not start {_MOST_STARTS} times; the log:\n{self.log}")

    async def _is_settled(self) -> bool:
        own = {running.pid for running in self.running()}
        return not self.is_up or any(worker.pid in own for worker in await self.workers())

    async def run_beside(self, *arguments: str) -> asyncio.subprocess.Process:
        """Starts a Python program as one of the installation's: same variables, same log, a session of its own."""
        with (self.folder / "up.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *self._through,
                sys.executable,
                *arguments,
                env=self.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signals the supervisor, as a terminal or an init system would; the exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        return await self.ended()

    async def ended(self) -> int:
        """The exit code of the supervisor, once it has one."""
        assert self._process is not None
        return await asyncio.wait_for(self._process.wait(), _DEADLINE_SECONDS)

    async def kill_all(self) -> None:
        """SIGKILL to every process at once, as a power button would; also to what earlier lives left."""
        self.running()
        everyone = [process for process in self._known if process.is_running()]
        if self.is_up and self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
        for process in everyone:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        if self._process is not None:
            await self._process.wait()
        await asyncio.to_thread(psutil.wait_procs, everyone, _DEADLINE_SECONDS)

    def running(self) -> list[Running]:
        """The supervisor and its children, as far as they run."""
        if self._process is None or self._process.returncode is not None:
            return []
        try:
            children = psutil.Process(self._process.pid).children()
        except psutil.NoSuchProcess:
            return []
        self._known.update(children)
        roles = [Running(role, child.pid) for child in children if (role := _role_of(child)) is not None]
        return [Running("supervisor", self._process.pid), *roles]

    async def workers(self) -> list[WorkerRecord]:
        """Workers with a sign of life whose process is there."""
        active = await self.app.store.workers.active()
        return [worker for worker in active if psutil.pid_exists(worker.pid)]

    async def has_workers(self) -> bool:
        """Whether somebody works."""
        return bool(await self.workers())

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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _role_of(process: psutil.Process) -> str | None:
    """What the supervisor started it as; None for one that has ended or has not begun."""
    try:
        words = process.cmdline()
    except psutil.NoSuchProcess:
        return None
    return {"serve": "server", "worker": "worker"}.get(words[3]) if len(words) > 3 else None
