"""A decorated function: still callable, and enqueueable with the same arguments, typed."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, cast

from pydantic import BaseModel

from jobhive.client.background import run_in_background
from jobhive.client.handle import JobHandle
from jobhive.client.handler import Handler
from jobhive.client.options import DEFAULT_OPTIONS, Options, new_jobs
from jobhive.core.kind import Kind
from jobhive.store.port import Store

C = ParamSpec("C")  # how the function is called
P = ParamSpec("P")  # how it is enqueued: the same, without the context
T = TypeVar("T")  # what the function returns
R = TypeVar("R")  # the job's result


class OpensStore(Protocol):
    """Gives the application's store, opened."""

    async def opened(self) -> Store: ...


class Enqueuer(Generic[P, R]):
    """Enqueues jobs of one kind with fixed options."""

    def __init__(self, handler: Handler, application: OpensStore, options: Options) -> None:
        self._handler = handler
        self._application = application
        self._options = options
        first = int(handler.wants_context)
        self._parameters = list(inspect.signature(handler.function).parameters.values())[first:]

    async def enqueue(self, *args: P.args, **kwargs: P.kwargs) -> JobHandle[R]:
        """Stores a job with these arguments; returns once it is durable. Raises InvalidInput, KeyReused, QueueFull."""
        [handle] = await self._insert([self._named(args, kwargs)])
        return handle

    def enqueue_sync(self, *args: P.args, **kwargs: P.kwargs) -> JobHandle[R]:
        """The same from code without an event loop. Raises RuntimeError inside a running one."""
        name = self._handler.kind.name
        return run_in_background(self.enqueue(*args, **kwargs), instead=f"await {name}.enqueue(…)")

    async def enqueue_many(self, params: Iterable[Mapping[str, object]]) -> list[JobHandle[R]]:
        """Stores a job for each mapping of arguments, all or none, in one transaction."""
        return await self._insert(list(params))

    def _named(self, args: Sequence[object], kwargs: Mapping[str, object]) -> object:
        """The arguments as the kind's params model takes them."""
        places = [each.name for each in self._parameters if each.kind is not inspect.Parameter.KEYWORD_ONLY]
        if len(args) > len(places):
            raise TypeError(f"{self._handler.kind.name} takes {len(places)} arguments by place, not {len(args)}")
        named = dict(zip(places, args, strict=False))
        twice = named.keys() & kwargs.keys()
        if twice:
            raise TypeError(f"{self._handler.kind.name} got {', '.join(sorted(twice))} twice, by place and by name")
        named |= kwargs
        return named if self._handler.model_parameter is None else self._whole(named)

    def _whole(self, named: Mapping[str, object]) -> object:
        """The one argument that is the whole of the params."""
        [parameter] = self._parameters
        unknown = named.keys() - {parameter.name}
        if unknown:
            raise TypeError(f"{self._handler.kind.name} takes {parameter.name} only, not {', '.join(sorted(unknown))}")
        if parameter.name in named:
            return named[parameter.name]
        default: object = parameter.default
        return dict[str, object]() if default is inspect.Parameter.empty else default

    async def _insert(self, params: Sequence[object]) -> list[JobHandle[R]]:
        kind = self._handler.kind
        jobs = new_jobs(kind, [kind.dump_params(kind.check_params(each)) for each in params], self._options)
        store = await self._application.opened()
        typed_kind = cast(Kind[BaseModel, BaseModel, R], kind)
        return [JobHandle(inserted.job_id, typed_kind, store) for inserted in await store.jobs.insert(jobs)]


class JobFunction(Enqueuer[P, R], Generic[C, T, P, R]):
    """What `@app.job` makes of a function."""

    __name__: str  # the function's

    def __init__(self, handler: Handler, application: OpensStore, function: Callable[C, T]) -> None:
        super().__init__(handler, application, DEFAULT_OPTIONS)
        self._function = function
        update_wrapper(cast(Any, self), function)

    def __call__(self, *args: C.args, **kwargs: C.kwargs) -> T:
        """Calls the function itself, here and now; no job is made."""
        return self._function(*args, **kwargs)

    @property
    def handler(self) -> Handler:
        """The kind and the function, as workers see them."""
        return self._handler

    @property
    def kind(self) -> Kind[BaseModel, BaseModel, R]:
        """The kind's name, types and policy."""
        return cast(Kind[BaseModel, BaseModel, R], self._handler.kind)

    def options(
        self,
        *,
        delay: timedelta | float | None = None,
        run_at: datetime | None = None,
        priority: int = 0,
        key: str | None = None,
        queue: str | None = None,
        max_retries: int | None = None,
    ) -> Enqueuer[P, R]:
        """The same function with options for what it enqueues. Raises InvalidInput for options that cannot be."""
        options = replace(
            self._options, delay=delay, run_at=run_at, priority=priority, key=key, queue=queue, max_retries=max_retries
        )
        return Enqueuer(self._handler, self._application, options)
