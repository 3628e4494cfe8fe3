"""Another process on the same database: `python -m jobhive.testing.conformance.foreign ENGINE LOCATION ACT …`.

It says `ready` once its act is done, and stays until its standard input ends or somebody kills it.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from jobhive.store.port import Liveness, Store
from jobhive.testing.jobs import asking, complete, insert_one
from jobhive.testing.stores import StoreMaker
from jobhive.testing.workers import new_worker

READY = "ready"


async def _insert(store: Store, queue: str) -> None:
    await insert_one(store, queue=queue)


async def _cancel(store: Store, job_id: str) -> None:
    await store.jobs.cancel(job_id, "asked from elsewhere")


async def _work(store: Store, worker_id: str) -> Liveness:
    """Holds the worker's sign of life and all jobs that it can have. `worker/supervisor`: it has a supervisor."""
    worker_id, _, supervisor_id = worker_id.partition("/")
    liveness = store.hold(worker_id, supervisor_id or None)
    await store.workers.beat(new_worker(store, worker_id))
    await store.jobs.claim(asking(worker_id))
    return liveness


async def _complete(store: Store, worker_id: str) -> None:
    claims = await store.jobs.claim(asking(worker_id))
    await store.jobs.finish([complete(claim, '"from elsewhere"') for claim in claims])


ACTS: dict[str, Callable[[Store, str], Awaitable[object]]] = {
    "insert": _insert,
    "cancel": _cancel,
    "work": _work,
    "complete": _complete,
}


@asynccontextmanager
async def foreign_process(make_store: StoreMaker, act: str, subject: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    """A process that has done the act and stays until the block ends. Raises RuntimeError where it fails."""
    command = ["-m", __name__, *make_store, act, subject]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdin=pipe, stdout=pipe)
    assert process.stdin is not None  # both were asked for
    assert process.stdout is not None
    try:
        said = (await process.stdout.readline()).decode().strip()
        if said != READY:
            raise RuntimeError(f"the other process should have said {READY}, not {said!r}")
        yield process
    finally:
        process.stdin.close()
        await process.wait()


async def _perform(engine: str, location: str, act: str, subject: str) -> None:
    store = StoreMaker(engine, location)()
    await store.open()
    kept = await ACTS[act](store, subject)
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    del kept  # whatever it is, it lived as long as the process was wanted
    await store.close()


if __name__ == "__main__":
    asyncio.run(_perform(*sys.argv[1:]))
