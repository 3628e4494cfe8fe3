"""Jobs in processes of their own: starts the processes, serves them while they run a job, ends them."""

import asyncio
import os
import socket
import sys
from collections.abc import Coroutine
from contextlib import suppress
from typing import NamedTuple, Self, cast

import psutil
from pydantic import JsonValue
from pydantic_core import from_json, to_json

from jobhive.client.context import Context
from jobhive.client.handler import Handler
from jobhive.core.errors import InvalidInput, LeaseLost
from jobhive.core.outcome import Failed, JobError, OnCrash, Outcome
from jobhive.worker.child import POST
from jobhive.worker.ending import how_it_ended
from jobhive.worker.isolation.finding import NotIsolatable, address_of
from jobhive.worker.isolation.tree import GRACE_SECONDS, kill_tree
from jobhive.worker.isolation.wire import (
    REPORTS,
    Answer,
    Assignment,
    Begun,
    Emit,
    Ended,
    Hello,
    Narrate,
    Order,
    Refusal,
    Report,
    Stop,
    outcome_of,
    packed,
)

_LONGEST_LINE_BYTES = 1 << 30
_STDERR = 2  # descriptor: the process' output goes to the worker's log


class Judged(NamedTuple):
    """The outcome of a job that ran in a process of its own; judged there, where its exceptions' classes are known."""

    outcome: Outcome


class ProcessPool:
    """Processes are started on need and kept for the next job; each runs one job at a time."""

    def __init__(self) -> None:
        self._idle: list[JobProcess] = []
        self._is_closed = False  # set by `close`

    async def run(self, handler: Handler, params: str, context: Context) -> Judged:
        """Runs the job. A cancelled call returns once the process and all that it started have ended."""
        try:
            address = address_of(handler)
        except NotIsolatable as error:
            return Judged(Failed(JobError.of(error), is_retryable=False))
        job = from_json(to_json(context.job, exclude={"params"}))
        process, outcome = await self._ran(Assignment(address=address, params=params, job=job), context)
        if outcome is None:
            return Judged(_crashed(handler, await process.end()))
        await self._keep(process)
        return Judged(outcome)

    async def close(self) -> None:
        """Ends idle processes."""
        self._is_closed = True
        idle, self._idle = self._idle, []
        await asyncio.gather(*(process.end() for process in idle))

    async def _ran(self, assignment: Assignment, context: Context) -> "tuple[JobProcess, Outcome | None]":
        """An idle process may have died; the job that it got has not begun then, and a new process runs it."""
        if self._idle:
            idle = self._idle.pop()
            outcome = await _run_by(idle, assignment, context)
            if outcome is not None or idle.has_begun:
                return idle, outcome
            await idle.end()
        new = await JobProcess.start()
        return new, await _run_by(new, assignment, context)

    async def _keep(self, process: "JobProcess") -> None:
        if self._is_closed:
            await process.end()
        else:
            self._idle.append(process)


class JobProcess:
    """One process, and the pipe that it obeys: when our end closes, however that happens, it ends."""

    def __init__(
        self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.has_begun = False  # whether the function of its latest job was called
        self._process = process
        self._reader = reader
        self._writer = writer
        self._root = _known(process.pid)  # None: it was gone at once
        self._exit = asyncio.create_task(self._exited())

    @classmethod
    async def start(cls) -> Self:
        """By exec, never by fork alone: SQLite and threads do not survive a fork. Raises OSError."""
        ours, theirs = socket.socketpair()
        with theirs:
            reader, writer = await asyncio.open_unix_connection(sock=ours, limit=_LONGEST_LINE_BYTES)
            try:
                process = await _started(theirs.fileno())
            except BaseException:
                writer.close()
                raise
        started = cls(process, reader, writer)
        started._say(Hello(path=list(map(str, sys.path)), argv=sys.argv))
        return started

    async def run(self, assignment: Assignment, context: Context) -> Outcome | None:
        """The outcome; None once the process has died in mid-job. Raises LeaseLost."""
        self.has_begun = False
        self._say(assignment)
        return await self._serve(context)

    async def end(self, context: Context | None = None) -> int:
        """SIGTERM to the group, and SIGKILL to the tree after a grace; what is told meanwhile is still taken.

        Returns the exit code; a signal is negative.
        """
        self._say(Stop())
        if self._root is not None:  # asyncio's own `terminate` may take the exit code away from asyncio
            with suppress(psutil.NoSuchProcess):
                self._root.terminate()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(GRACE_SECONDS):
                    await self._last_words(context)
                    await asyncio.shield(self._exit)
        finally:
            if self._root is not None and not self._exit.done():
                await asyncio.to_thread(kill_tree, self._root)
            exit_code = await self._exit
            self._writer.close()
        return exit_code

    async def _exited(self) -> int:
        exit_code = await self._process.wait()
        asyncio.get_running_loop().call_later(GRACE_SECONDS, self._writer.close)  # a copy of it may hold the line
        return exit_code

    async def _serve(self, context: Context) -> Outcome | None:
        while (report := await self._report()) is not None:
            match report:
                case Ended():
                    return outcome_of(report)
                case Begun():
                    self.has_begun = True
                    self._say(Answer())
                case Emit() | Narrate():
                    self._say(await _taken(report, context))
        return None

    async def _report(self) -> Report | None:
        """What it says next; None once it has died."""
        try:
            line = await self._reader.readline()
        except ConnectionError:
            return None
        return REPORTS.validate_json(line) if line.endswith(b"\n") else None

    async def _last_words(self, context: Context | None) -> None:
        if context is not None:
            with suppress(LeaseLost):
                await self._serve(context)

    def _say(self, order: Order) -> None:
        if not self._writer.is_closing():
            self._writer.write(packed(order))


async def _started(descriptor: int) -> asyncio.subprocess.Process:
    python = (sys.executable, "-P", "-m")  # -P: the current folder shadows no module
    return await asyncio.create_subprocess_exec(
        *(*python, "jobhive.worker.isolation.guard", str(descriptor)),
        *(*python, "jobhive.worker.isolation.program", str(descriptor)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=_STDERR,
        env={name: value for name, value in os.environ.items() if name != POST},  # its programs are no workers of ours
        pass_fds=(descriptor,),
        start_new_session=True,
    )


def _known(pid: int) -> psutil.Process | None:
    """The process by id and start time: signals to it never reach a later one with its id."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid)
    return None


async def _run_by(process: JobProcess, assignment: Assignment, context: Context) -> Outcome | None:
    try:
        return await process.run(assignment, context)
    except BaseException:
        await _undisturbed(process.end(context))
        raise


async def _taken(report: Emit | Narrate, context: Context) -> Answer:
    try:
        match report:
            case Emit():
                await context.emit(report.type, **cast(dict[str, JsonValue], report.data))
            case Narrate():
                await context.narrate(report.action, report.target, report.sentence)
    except InvalidInput as error:
        return Answer(refusal=Refusal(what=error.what, errors=list(error.errors)))
    return Answer()


async def _undisturbed(work: Coroutine[object, object, object]) -> None:
    """Waits for work that must not be cut short: a second cancellation says nothing new."""
    task = asyncio.create_task(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([task])
    task.result()


def _crashed(handler: Handler, exit_code: int) -> Failed:
    message = f"the process that ran the job {how_it_ended(exit_code)} in mid-job"
    error = JobError("Crashed", message, "", "CRASHED")
    return Failed(error, is_retryable=handler.kind.on_crash is OnCrash.RETRY)
