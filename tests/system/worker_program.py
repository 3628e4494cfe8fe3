"""`jobhive worker` as a user starts it, on a store that the test has open too."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Self

from tests.cli.program import environment

_ROOT = Path(__file__).parents[2]
_DEADLINE_SECONDS = 60.0
_LONGEST_LOG_BYTES = 1 << 24  # read or not


class WorkerProgram:
    """One worker process, from its first sign of life to the end of the block, which kills it if it is still there."""

    def __init__(self, url: str, app: str, *arguments: str, **changes: str) -> None:
        self.log = ""  # what it has said, as far as it was read
        self._arguments = ("worker", "--app", app, *arguments)
        self._environment = environment({"JOBHIVE_URL": url, "PYTHONPATH": str(_ROOT), **changes})
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "jobhive", *self._arguments),
            cwd=_ROOT,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            limit=_LONGEST_LOG_BYTES,
        )
        await self.until("worker", "started")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    @property
    def process(self) -> asyncio.subprocess.Process:
        """The process, once it was started."""
        assert self._process is not None
        return self._process

    def send(self, number: signal.Signals) -> None:
        """A signal, as from outside."""
        os.kill(self.process.pid, number)

    async def end(self) -> int:
        """Waits for its end; the exit code."""
        assert self.process.stderr is not None
        async with asyncio.timeout(_DEADLINE_SECONDS):
            self.log += (await self.process.stderr.read()).decode()
            return await self.process.wait()

    async def until(self, *words: str) -> None:
        """Reads its log until a line holds all these words."""
        assert self.process.stderr is not None
        line = ""
        try:
            async with asyncio.timeout(_DEADLINE_SECONDS):
                while not all(word in line for word in words):
                    self.log += (line := (await self.process.stderr.readline()).decode())
                    assert line, f"the worker ended without {words}:\n{self.log}"
        except TimeoutError:
            raise AssertionError(f"the worker did not say {words}:\n{self.log}") from None
