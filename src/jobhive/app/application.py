"""`Jobhive`: composes store, client, worker and upkeep."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple, Never, Self, TypeAlias, Unpack

from pydantic import BaseModel

from jobhive.app.locate import store_at
from jobhive.client.decorators import JobDecorator, JobSettings
from jobhive.client.handle import JobHandle
from jobhive.client.options import DEFAULT_OPTIONS, Options
from jobhive.client.registry import Kinds
from jobhive.client.submit import Submitter
from jobhive.core.errors import UnknownJob
from jobhive.core.job import Job, typed
from jobhive.core.record import JobFilter, JobRecord
from jobhive.core.retention import retentions
from jobhive.core.states import State
from jobhive.settings import load_settings
from jobhive.store.port import Store
from jobhive.store.signals import EVERYTHING
from jobhive.upkeep.upkeep import upkeep
from jobhive.worker.child import given_post
from jobhive.worker.worker import DEFAULT_CONCURRENCY, DEFAULT_GRACE_SECONDS, Worker

_IDLE_POLL_SECONDS = 0.01

AnyJob: TypeAlias = Job[BaseModel, BaseModel, object]


class JobPage(NamedTuple):
    """Part of a listing, newest first."""

    jobs: list[AnyJob]
    cursor: str | None  # hand it back for the next page; None at the end


class Jobhive:
    """An application's kinds, and the store where its jobs are kept.

    `url` is a path, `sqlite:///path`, `postgresql://…`, or nothing: `$JOBHIVE_URL`, else `./.jobhive/jobhive.db`. The
    store is opened by `async with app`, or by the first call that needs it. `data`, else `$JOBHIVE_DATA`, is the folder
    of what this machine keeps.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        lease: timedelta | None = None,
        poll_interval: float | None = None,
        data: Path | None = None,
    ) -> None:
        settings = load_settings(url=url, lease=lease, poll_interval=poll_interval, data=data)
        self.store: Store = store_at(settings)
        self.kinds = Kinds()
        self.poll_interval = settings.poll_interval  # seconds
        self._keep = settings.keep

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Opens the store. Raises StoreRefused, StoreUnavailable, StoreFull."""
        await self.store.open()

    async def close(self) -> None:
        """Closes the store; the next call that needs it opens it again."""
        await self.store.close()

    async def opened(self) -> Store:
        """The store, opened if it was not."""
        await self.store.open()
        return self.store

    def job(self, *bare: Never, **settings: Unpack[JobSettings]) -> JobDecorator:
        """Makes a function a kind of job: `@app.job()` above `async def`, `def`, or an async generator.

        The function's parameters are the job's params; a leading `Context` (`SyncContext` in plain functions) is handed
        in. Plain functions run in threads, or with `isolation="process"` in a process of their own.
        """
        if bare:
            raise TypeError(f"write @app.job(), its settings by name in the brackets; it was given {bare[0]!r}")
        return JobDecorator(self, self.kinds, settings)

    async def enqueue(
        self, kind: str, params: Mapping[str, object], options: Options = DEFAULT_OPTIONS
    ) -> JobHandle[object]:
        """Stores a job by its kind's name. Raises UnknownKind, InvalidInput, KeyReused, QueueFull."""
        store = await self.opened()
        inserted = await Submitter(store.jobs, self.kinds).submit(kind, params, options)
        return JobHandle(inserted.job_id, self.kinds[kind].kind, store)

    async def get(self, job_id: str) -> AnyJob:
        """One job, as its state's type. Raises UnknownJob; UnknownKind if this application does not know its kind."""
        store = await self.opened()
        records = await store.jobs.get([job_id])
        if not records:
            raise UnknownJob(job_id)
        return typed(records[0], self.kinds[records[0].kind].kind, await store.jobs.attempts(job_id))

    async def list(
        self,
        *,
        state: State | str | None = None,
        kind: str | None = None,
        queue: str | None = None,
        owner: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> JobPage:
        """A page of jobs that match, newest first; kinds that this application does not know are left out.

        Raises InvalidInput for a limit below 1 or a cursor that is not ours.
        """
        store = await self.opened()
        where = JobFilter(None if state is None else State(state), kind, queue, owner)
        page = await store.jobs.list(where, limit, cursor)
        return JobPage([self._typed(record) for record in page.jobs if record.kind in self.kinds], page.cursor)

    def _typed(self, record: JobRecord) -> AnyJob:
        return typed(record, self.kinds[record.kind].kind)

    @asynccontextmanager
    async def worker(
        self,
        queues: Sequence[str] | None = None,
        concurrency: int = DEFAULT_CONCURRENCY,
        *,
        name: str = "embedded",
        grace: float = DEFAULT_GRACE_SECONDS,
        max_jobs: int | None = None,
    ) -> AsyncGenerator[Worker]:
        """A worker in this process, and upkeep with it, for the length of the block.

        `queues`: those of the registered functions unless named. Leaving waits `grace` seconds for running jobs.
        After `max_jobs` it claims no more and sets `worker.worn_out`.
        """
        store = await self.opened()
        worker = Worker(
            store,
            self.kinds.shared(),
            name=name,
            queues=queues,
            concurrency=concurrency,
            poll_interval=self.poll_interval,
            max_jobs=max_jobs,
            post=given_post(),
        )
        async with self.upkeep():
            await worker.start()
            try:
                yield worker
            finally:
                await worker.stop(grace)

    async def run_until_idle(self, concurrency: int = DEFAULT_CONCURRENCY) -> None:
        """Runs jobs here until its queues hold none that runs or that it could take; for tests and scripts.

        Returns earlier where somebody asked its worker to retire. Raises WorkerFailed.
        """
        async with self.worker(concurrency=concurrency) as worker:
            with self.store.signals.listen(EVERYTHING) as wake:
                while not worker.retired.is_set() and await self._is_busy(worker.queues):
                    await wake.wait(_IDLE_POLL_SECONDS)

    async def _is_busy(self, queues: Sequence[str]) -> bool:
        """What is running is looked at twice: a job may be claimed between the first look and the second."""
        kinds = self.kinds.shared().names()
        return (
            await self._is_running(queues)
            or bool(await self.store.jobs.peek(queues, kinds, 1))
            or await self._is_running(queues)
        )

    async def _is_running(self, queues: Sequence[str]) -> bool:
        return any(queue.running for queue in await self.store.jobs.queues() if queue.name in queues)

    @asynccontextmanager
    async def upkeep(self) -> AsyncGenerator[None]:
        """Performs the upkeep duties for the length of the block."""
        kinds = [handler.kind for handler in self.kinds]
        async with upkeep(await self.opened(), retentions(kinds, self._keep)):
            yield
