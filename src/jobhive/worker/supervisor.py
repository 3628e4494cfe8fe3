"""Keeps child processes running. Sees a child die, gives its jobs back at once, starts another."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pydantic_core import to_json

from jobhive.client.registry import Kinds
from jobhive.core.errors import StoreError
from jobhive.core.ids import new_worker_id
from jobhive.core.rescue import Death
from jobhive.failpoints import failpoint
from jobhive.narration import Episode, narrate
from jobhive.store.port import Rescued, Store
from jobhive.worker.child import HURRY, POST
from jobhive.worker.ending import how_it_ended
from jobhive.worker.line import Orders
from jobhive.worker.overdue import fail_overdue
from jobhive.worker.tending import Tending

_STEADY_SECONDS = 3.0  # who lived so long is replaced at once
_LONGEST_BACKOFF_SECONDS = 10.0
_SECONDS_BEYOND_GRACE = 5.0
_SECONDS_BETWEEN_TRIES = 1.0  # while the store does not answer


class Program(NamedTuple):
    """What a child runs: `python -m jobhive` with these arguments."""

    name: str
    arguments: Sequence[str]
    runs_jobs: bool = True
    passing: frozenset[int] = frozenset()  # exit codes of trouble that passes: it is started again, ready before or not


@dataclass(slots=True)
class Child:
    """One place in the supervisor's row; processes in it come and go."""

    program: Program
    worker_id: str = ""  # of the process that is there now; a new one for every start
    process: asyncio.subprocess.Process | None = None
    tending: Tending | None = None  # as long as the process
    started_at: float = 0.0  # monotonic
    quick_deaths: int = 0  # in a row
    is_proven: bool = False  # whether a process in this place was ever ready, or killed: who is did not fail to start
    is_restarting: bool = False  # from `restart` until the next process is there
    is_ended_by_us: bool = False  # whether it was ended by force: no evidence against its jobs
    is_solo: bool = False  # whether its processes run suspects only, and end once there are none
    has_left_suspects: bool = False  # since a crash, until somebody begins to run them alone
    solo: "asyncio.Task[None] | None" = None  # who does

    @property
    def wants_to_be_replaced(self) -> bool:
        """Whether a process that ends in good order is to be followed by another."""
        return self.is_restarting or (self.tending is not None and self.tending.is_recycling)

    def end_by_force(self) -> None:
        """Its jobs are given back once it is gone."""
        if self.process is not None:
            self.process.kill()


class ChildFailed(Exception):
    """A child ended with an error before it ever ran well; what it said is in the log."""

    def __init__(self, name: str, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__(f"{name} could not start (exit code {exit_code}); the lines above say why")


class Supervisor:
    """Runs programs until `stop`, or until all of them have ended with exit code 0. Its store must be open."""

    def __init__(self, store: Store, kinds: Kinds, programs: Sequence[Program], grace: float) -> None:
        self._store = store
        self._kinds = kinds  # those that the programs run
        self._children = [Child(program) for program in programs]
        self._grace = grace  # seconds that children have to end in good order
        self._is_stopping = False
        self._id = new_worker_id()  # of its own sign of life: while it is there, nobody else takes its children's jobs

    async def run(self) -> None:
        """Returns when every child has ended for good. Raises ChildFailed."""
        await self._take_up_suspects()
        liveness = self._store.hold(self._id)
        keepers = [asyncio.create_task(self._keep(child)) for child in self._children]
        try:
            done, _ = await asyncio.wait(keepers, return_when=asyncio.FIRST_EXCEPTION)
            for keeper in done:
                keeper.result()
        finally:
            await self.stop()
            await asyncio.wait(keepers)
            liveness.release()

    async def stop(self) -> None:
        """Asks all children to end, waits for them, and ends by force what is left."""
        self._is_stopping = True
        failpoint("supervisor.stopping")
        self._signal(signal.SIGTERM)
        alive = [asyncio.create_task(child.process.wait()) for child in self._children if child.process is not None]
        if alive:
            _, late = await asyncio.wait(alive, timeout=self._grace + _SECONDS_BEYOND_GRACE)
            if late:
                narrate("supervisor", "kills", f"{len(late)} children", "they did not end in time", level="warning")
                for child in self._children:
                    child.is_ended_by_us = True
                self._signal(signal.SIGKILL)
                await asyncio.wait(late)

    def hurry(self) -> None:
        """Tells children that are stopping to leave what they wait for."""
        self._signal(HURRY)

    def pids(self) -> dict[str, int]:
        """Process ids of the children that run, by program name."""
        return {child.program.name: child.process.pid for child in self._children if child.process is not None}

    def restart(self) -> None:
        """Ends every process in good order; each place gets a new one."""
        for child in self._children:
            child.is_restarting = True
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        for child in self._children:
            if child.process is not None and child.process.returncode is None:
                child.process.send_signal(number)

    async def _keep(self, child: Child) -> None:
        while True:
            exit_code = await self._watch(child, await self._start(child))
            if self._is_stopping or (exit_code == 0 and not child.wants_to_be_replaced):
                break
            if exit_code > 0 and not (child.is_proven or exit_code in child.program.passing):
                raise ChildFailed(child.program.name, exit_code)
            self._tend_suspects_of(child)
            await asyncio.sleep(_backoff_seconds(child))
        if child.solo is not None:
            await child.solo

    async def _take_up_suspects(self) -> None:
        """A supervisor before this one may have left some. Of alike programs, one is enough for them."""
        if await self._store.jobs.has_suspects():
            alike = {tuple(child.program.arguments): child for child in self._children if child.program.runs_jobs}
            for child in alike.values():
                child.has_left_suspects = True
                self._tend_suspects_of(child)

    def _tend_suspects_of(self, child: Child) -> None:
        if child.has_left_suspects and (child.solo is None or child.solo.done()):
            child.solo = asyncio.create_task(self._run_suspects(child))

    async def _run_suspects(self, child: Child) -> None:
        """What was in flight at a crash, one by one, beside the child's next process."""
        solo = Child(child.program._replace(name=f"{child.program.name}-solo"), is_solo=True)
        self._children.append(solo)
        while child.has_left_suspects and not self._is_stopping:
            child.has_left_suspects = False
            exit_code = await self._watch(solo, await self._start(solo))
            if exit_code != 0 and solo.is_proven:
                child.has_left_suspects = True
                await asyncio.sleep(_backoff_seconds(solo))
        self._children.remove(solo)

    async def _start(self, child: Child) -> asyncio.subprocess.Process:
        """By exec, never by fork alone: SQLite and threads do not survive a fork."""
        theirs, ours = socket.socketpair()
        child.worker_id, child.started_at, child.is_restarting = new_worker_id(), time.monotonic(), False
        orders = Orders(child.worker_id, self._id, child.is_solo, theirs.fileno())
        failpoint("supervisor.before_start")
        child.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "jobhive",
            *child.program.arguments,
            stdin=asyncio.subprocess.DEVNULL,
            env=os.environ | {POST: to_json(orders).decode()},
            pass_fds=(theirs.fileno(),),
        )
        theirs.close()
        failpoint("supervisor.started")
        child.tending = Tending(self._store, child.program.name, ours, child.end_by_force)
        if self._is_stopping:  # it was not there yet when the others were told
            child.process.terminate()
        return child.process

    async def _watch(self, child: Child, process: asyncio.subprocess.Process) -> int:
        """The exit code of the process, once it has ended and its jobs are given back; a signal is negative."""
        exit_code = await process.wait()
        failpoint("supervisor.saw_end")
        child.process = None
        if child.tending is not None:
            await child.tending.end()
            child.is_proven = child.tending.is_ready or child.is_proven or exit_code < 0
        has_lived = time.monotonic() - child.started_at >= _STEADY_SECONDS
        child.quick_deaths = 0 if has_lived or child.wants_to_be_replaced else child.quick_deaths + 1
        await self._give_back(child, exit_code)
        return exit_code

    async def _give_back(self, child: Child, exit_code: int) -> None:
        death = _death(child, exit_code)
        failpoint("supervisor.before_give_back")
        rescued = await self._rescued(child, death)
        failpoint("supervisor.gave_back")
        if death is not None or rescued:
            how = how_it_ended(exit_code) if death is None else death.how
            sentence = f"{how}; {len(rescued)} jobs given back"
            narrate("supervisor", "saw die", child.program.name, sentence, level="warning", worker=child.worker_id)
        child.has_left_suspects = child.has_left_suspects or any(job.is_suspect for job in rescued)
        if rescued and child.is_solo:
            child.quick_deaths = 0  # no reason to wait: each job has but three

    async def _rescued(self, child: Child, death: Death | None) -> list[Rescued]:
        """Tries until the store answers: nobody else takes them back before their leases end."""
        trouble = Episode("supervisor", f"giving back the jobs of {child.program.name}")
        while True:
            try:
                if child.tending is not None and child.tending.overdue:
                    await fail_overdue(self._store, self._kinds, child.tending.overdue)
                rescued = await self._store.jobs.rescue_from(child.worker_id, death)
            except StoreError as error:
                trouble.begin(str(error))
                if self._is_stopping:
                    return []
                await asyncio.sleep(_SECONDS_BETWEEN_TRIES)
            else:
                trouble.end()
                return rescued


def _death(child: Child, exit_code: int) -> Death | None:
    """What speaks against the jobs of a process that ended; nothing where it did so in good order."""
    if exit_code == 0 or child.tending is None:
        return None
    begun = child.tending.holdings.begun()
    if child.tending.overdue:
        return Death("was ended because a job had it stuck", begun, is_crash=False)
    return Death(how_it_ended(exit_code), begun, is_crash=not child.is_ended_by_us)


def _backoff_seconds(child: Child) -> float:
    """A child that dies at once again and again is given time."""
    if child.quick_deaths <= 1:
        return 0.0
    return float(min(0.25 * 2**child.quick_deaths, _LONGEST_BACKOFF_SECONDS))
