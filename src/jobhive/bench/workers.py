"""Processes beside a measurement, for as long as it takes."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import TypeVar

from jobhive.bench.plan import Plan
from jobhive.client.registry import Kinds
from jobhive.core.errors import JobhiveError
from jobhive.store.port import Store
from jobhive.store.signals import WORKERS
from jobhive.worker.supervisor import Program, Supervisor

T = TypeVar("T")

_APP = "jobhive.bench.workload:app"
_GRACE_SECONDS = 1.0
_POLL_SECONDS = 0.5


class WorkersGone(JobhiveError):
    """The worker processes ended before the measurement did."""

    code = "WORKERS_GONE"


async def beside(store: Store, programs: Sequence[Program], work: Callable[[], Coroutine[object, object, T]]) -> T:
    """Does the work while the programs run and their workers are ready; they end with it, however it ends.

    Raises ChildFailed if they cannot start, WorkersGone if somebody makes them retire.
    """
    supervisor = Supervisor(store, Kinds(), programs, _GRACE_SECONDS)  # its jobs have no limits to judge by
    supervising = asyncio.create_task(supervisor.run())
    workers = sum(program.arguments[0] == "worker" for program in programs)
    working = asyncio.create_task(_once_ready(store, workers, work))
    try:
        await asyncio.wait({supervising, working}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            await supervising
            raise WorkersGone("the worker processes ended before they were told to; run the bench again")
        return await working
    finally:
        working.cancel()
        await supervisor.stop()
        await asyncio.wait({supervising})


def worker_programs(plan: Plan, queues: tuple[str, ...]) -> list[Program]:
    """The workers of the plan, which serve these queues."""
    named = [part for queue in queues for part in ("--queue", queue)]
    sizes = ("--concurrency", str(plan.concurrency), "--processes", "1", "--grace", str(_GRACE_SECONDS))
    return [Program(f"bench-{number}", ("worker", "--app", _APP, *named, *sizes)) for number in range(plan.processes)]


async def _once_ready(store: Store, count: int, work: Callable[[], Coroutine[object, object, T]]) -> T:
    with store.signals.listen(WORKERS) as wake:
        while len(await store.workers.active()) < count:
            await wake.wait(_POLL_SECONDS)
    return await work()
