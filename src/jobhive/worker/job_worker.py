"""`JobWorker`: a kind of job and the worker that runs it, written as one class."""

import asyncio
import inspect
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import timedelta
from functools import cache
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, Self, cast, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter

from jobhive.client.context import Context
from jobhive.client.decorators import KindSettings, kind_of, refuse_unknown
from jobhive.client.function import Enqueuer, OpensStore
from jobhive.client.handle import JobHandle
from jobhive.client.handler import Handler, Style
from jobhive.client.options import DEFAULT_OPTIONS, Options
from jobhive.client.registry import Kinds
from jobhive.core.job import PendingJob, RunningJob
from jobhive.core.kind import G, Kind, P, Progress, R
from jobhive.narration import narrate
from jobhive.store.port import Store
from jobhive.worker.taking import Choice
from jobhive.worker.worker import DEFAULT_ERROR_BACKOFF_SECONDS, DEFAULT_GRACE_SECONDS, Worker


class Application(OpensStore, Protocol):
    """What a class-style worker needs of the application it belongs to."""

    kinds: Kinds
    poll_interval: float  # seconds

    def upkeep(self) -> AbstractAsyncContextManager[None]: ...


class WorkerMetrics(NamedTuple):
    """What a worker has done since it was started last."""

    processed: int  # jobs brought to an end, complete or failed for good
    errors: int  # those that failed
    error_rate: float  # errors / processed; 0 before the first job


class JobWorker(ABC, Generic[P, G, R]):
    """Subclass it: give it a `name`, `execute`, and if it is choosy, `can_process`.

    The annotations of `execute` say what its jobs are: `job: RunningJob[MyParams, MyProgress]`, and the result. An
    `__init__` of your own takes dependencies and hands the rest on. Several workers of one class, or of many, may run
    in one process; only they run jobs of their kind, never `app.worker()`. Raises TypeError for annotations that
    cannot be a job's, ValueError for a name that another kind has.
    """

    name: ClassVar[str]  # of the kind
    settings: ClassVar[KindSettings] = {}  # queue, retries, timeout, … as for `@app.job(…)`
    report_every: ClassVar[timedelta] = timedelta(seconds=60)  # between two lines of metrics in the log

    def __init__(
        self,
        app: Application,
        *,
        poll_interval: float | None = None,
        error_backoff: float = DEFAULT_ERROR_BACKOFF_SECONDS,
        concurrency: int = 1,
        queues: Sequence[str] | None = None,
    ) -> None:
        """`poll_interval`: seconds, the application's unless given; `error_backoff`: seconds after trouble with the
        store; `concurrency`: jobs at once; `queues`: where it takes jobs from, its kind's own queue unless given."""
        self.__handler = Handler(
            _kind_of(type(self)),
            self.__run,
            Style.ASYNC,
            wants_context=True,
            model_parameter="params",
            is_run_apart=True,
        )
        app.kinds.add(self.__handler)
        self.__app = app
        self.__queues = queues
        self.__concurrency = concurrency
        self.__poll_interval = app.poll_interval if poll_interval is None else poll_interval
        self.__error_backoff = error_backoff
        self.__worker: Worker | None = None  # of the last start; kept for `metrics`
        self.__running: AsyncExitStack | None = None  # what `stop` has to end; None while stopped
        self.__is_over = asyncio.Event()  # set by `stop` and by an operator's wish; `start` waits for it

    def can_process(self, job: PendingJob[P]) -> bool:
        """Whether this worker takes the job. Asked before it is claimed; a job that is refused stays untouched."""
        del job
        return True

    @abstractmethod
    async def execute(self, job: RunningJob[P, G], ctx: Context) -> R:
        """Runs one attempt. It may raise what decorated functions may raise."""

    async def enqueue(self, params: P, options: Options = DEFAULT_OPTIONS) -> JobHandle[R]:
        """Stores a job of this kind; returns once it is durable. Raises InvalidInput, KeyReused, QueueFull."""
        return await Enqueuer[[P], R](self.__handler, self.__app, options).enqueue(params)

    async def start(self) -> None:
        """Runs jobs until `stop` is called elsewhere, or an operator retires it.

        Raises RuntimeError if it runs already.
        """
        async with self:
            await self.__is_over.wait()

    async def stop(self, timeout: float = DEFAULT_GRACE_SECONDS) -> None:
        """Claims no more, waits at most `timeout` seconds for its jobs, gives the rest back. Spends no attempt."""
        running, self.__running = self.__running, None
        if running is not None and self.__worker is not None:
            async with running:
                await self.__worker.stop(timeout)
        self.__is_over.set()

    def metrics(self) -> WorkerMetrics:
        """What it has done since it was started last; also in the log, every `report_every`."""
        completed, errors = (0, 0) if self.__worker is None else (self.__worker.completed, self.__worker.errors)
        processed = completed + errors
        return WorkerMetrics(processed, errors, errors / processed if processed else 0.0)

    async def __aenter__(self) -> Self:
        if self.__running is not None:
            raise RuntimeError(f"worker {self.name!r} runs already; make another one to run two")
        self.__is_over.clear()
        store = await self.__app.opened()
        async with AsyncExitStack() as begun:
            await begun.enter_async_context(self.__app.upkeep())
            self.__worker = self.__new_worker(store)
            await self.__worker.start()
            for duty in (self.__report(), self.__heed(self.__worker)):
                begun.callback(asyncio.create_task(duty).cancel)
            self.__running = begun.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def __new_worker(self, store: Store) -> Worker:
        kinds = Kinds()
        kinds.add(self.__handler)
        return Worker(
            store,
            kinds,
            name=self.name,
            queues=self.__queues,
            concurrency=self.__concurrency,
            poll_interval=self.__poll_interval,
            error_backoff=self.__error_backoff,
            choose=cast(Choice, self.can_process),
        )

    async def __run(self, ctx: Context, params: BaseModel) -> R:
        """What the worker calls; the params come with the job."""
        del params
        return await self.execute(cast(RunningJob[P, G], ctx.job), ctx)

    async def __heed(self, worker: Worker) -> None:
        await worker.retired.wait()
        self.__is_over.set()

    async def __report(self) -> None:
        while True:
            await asyncio.sleep(self.report_every.total_seconds())
            told = self.metrics()
            sentence = f"{told.processed} jobs processed, {told.errors} of them failed ({told.error_rate:.1%})"
            narrate("worker", "counts", self.name, sentence, **told._asdict())


class _AnyParams(BaseModel):
    """Where `execute` does not say what its params are."""

    model_config = ConfigDict(extra="allow")


@cache
def _kind_of(worker: "type[JobWorker[Any, Any, Any]]") -> Kind:
    """What the class says of its jobs; one kind for all its workers."""
    if not isinstance(getattr(worker, "name", None), str):
        raise TypeError(f"{worker.__name__} has no name; say `name = …` in the class, it is its kind's name")
    if not inspect.iscoroutinefunction(worker.execute):
        raise TypeError(f"{worker.__name__}.execute is no `async def` that returns its result; make it one")
    refuse_unknown(worker.settings, KindSettings.__optional_keys__)
    hints = get_type_hints(worker.execute, include_extras=True)
    _, job, *_ = inspect.signature(worker.execute).parameters
    params, progress = _job_types(hints.get(job, RunningJob), worker.__name__)
    return kind_of(worker.name, params, TypeAdapter(hints.get("return", Any)), progress, worker.settings)


def _job_types(annotation: object, worker: str) -> tuple[type[BaseModel], type[BaseModel]]:
    """The params and the progress of `RunningJob[…]`."""
    if annotation is RunningJob:
        return _AnyParams, Progress
    named = get_args(annotation) if get_origin(annotation) is RunningJob else ()
    if len(named) != 2 or not all(isinstance(each, type) and issubclass(each, BaseModel) for each in named):
        raise TypeError(
            f"{worker}.execute takes `job: {annotation}`; annotate it as RunningJob[Params] or "
            "RunningJob[Params, Progress], both of them pydantic models"
        )
    params, progress = named
    return _AnyParams if params is BaseModel else params, Progress if progress is BaseModel else progress
