"""`@app.job`: from a function to a kind. The overloads tell type checkers what each sort of function becomes."""

import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Set
from datetime import timedelta
from typing import Concatenate, Literal, ParamSpec, TypedDict, TypeVar, cast, overload

from pydantic import BaseModel, TypeAdapter

from jobhive.client.context import Context, SyncContext
from jobhive.client.function import JobFunction, OpensStore
from jobhive.client.handler import Function, Handler, params_model, result_type, style_of, wants_context
from jobhive.client.registry import Kinds
from jobhive.client.steering import as_timedelta
from jobhive.core.kind import Keep, Kind, Progress
from jobhive.core.likeness import meant
from jobhive.core.outcome import OnCrash
from jobhive.core.retry import Backoff, RetryPolicy
from jobhive.core.states import FINAL, State

P = ParamSpec("P")
R = TypeVar("R")
Y = TypeVar("Y")


class Retain(TypedDict, total=False):
    """How long ended jobs are kept, by how they ended; seconds if a number, None = until somebody purges them."""

    complete: timedelta | float | None
    failed: timedelta | float | None
    cancelled: timedelta | float | None


class KindSettings(TypedDict, total=False):
    """What may be said of a kind, however its handler is written."""

    queue: str  # "default" unless given
    max_retries: int  # 3 unless given
    backoff: Backoff
    retry_on: tuple[type[BaseException], ...]  # only these exceptions are tried again; all unless given
    timeout: timedelta | float  # bounds one attempt; seconds if a number
    stall_timeout: timedelta | float  # bounds the time in which an attempt tells nothing, no event, no progress, no log
    on_crash: Literal["retry", "fail"]  # when the worker dies in mid-job; "retry" unless given
    retain: Retain | timedelta | float  # how long ended jobs are kept; one time stands for all of them


class JobSettings(KindSettings, total=False):
    """What may be said of a function at its registration."""

    name: str  # the function's name unless given
    isolation: Literal["process"]  # plain functions only
    progress: type[BaseModel]  # the kind's own progress


class JobDecorator:
    """Registers a function under its settings."""

    def __init__(self, application: OpensStore, kinds: Kinds, settings: JobSettings) -> None:
        self._application = application
        self._kinds = kinds
        self._settings = settings

    @overload
    def __call__(
        self, function: Callable[Concatenate[Context, P], Coroutine[object, object, R]]
    ) -> JobFunction[Concatenate[Context, P], Coroutine[object, object, R], P, R]: ...
    @overload
    def __call__(
        self, function: Callable[Concatenate[Context, P], AsyncIterator[Y]]
    ) -> JobFunction[Concatenate[Context, P], AsyncIterator[Y], P, None]: ...
    @overload
    def __call__(
        self, function: Callable[Concatenate[SyncContext, P], R]
    ) -> JobFunction[Concatenate[SyncContext, P], R, P, R]: ...
    @overload
    def __call__(
        self, function: Callable[P, Coroutine[object, object, R]]
    ) -> JobFunction[P, Coroutine[object, object, R], P, R]: ...
    @overload
    def __call__(self, function: Callable[P, AsyncIterator[Y]]) -> JobFunction[P, AsyncIterator[Y], P, None]: ...
    @overload
    def __call__(self, function: Callable[P, R]) -> JobFunction[P, R, P, R]: ...
    def __call__(self, function: Callable[..., object]) -> object:
        """Registers the function and gives it back, enqueueable."""
        handler = handler_of(function, self._settings)
        self._kinds.add(handler)
        made: JobFunction[..., object, ..., object] = JobFunction(handler, self._application, function)
        return made


def handler_of(function: Function, settings: JobSettings) -> Handler:
    """The kind that a function and its settings make. Raises TypeError or ValueError for what cannot be a job."""
    if not inspect.isroutine(function):
        raise TypeError(f"a job is a function, not {function!r}")
    refuse_unknown(settings, JobSettings.__optional_keys__)
    name = settings.get("name") or function.__name__
    style = style_of(function, settings.get("isolation"))
    model, model_parameter = params_model(function, name)
    return Handler(
        kind=kind_of(name, model, result_type(function, style), settings.get("progress", Progress), settings),
        function=function,
        style=style,
        wants_context=wants_context(function),
        model_parameter=model_parameter,
    )


def refuse_unknown(settings: Mapping[str, object], known: Set[str]) -> None:
    """Raises TypeError for a setting that is none of those; who uses no type checker would wonder for long."""
    for name in settings.keys() - known:
        listed = ", ".join(sorted(known))
        raise TypeError(f"no setting is named {name!r}; known settings: {listed}{meant(name, known)}")


def kind_of(
    name: str,
    params: type[BaseModel],
    result: TypeAdapter[object],
    progress: type[BaseModel],
    settings: KindSettings,
) -> Kind:
    """A kind of these types and settings. Raises ValueError for settings that cannot be."""
    return Kind(
        name=name,
        params=params,
        result=result,
        progress=progress,
        queue=settings.get("queue", "default"),
        retry=_retry_policy(settings),
        timeout=as_timedelta(settings["timeout"], "timeout") if "timeout" in settings else None,
        stall_timeout=as_timedelta(settings["stall_timeout"], "stall_timeout") if "stall_timeout" in settings else None,
        on_crash=OnCrash(settings.get("on_crash", OnCrash.RETRY)),
        retain=_keep(settings["retain"]) if "retain" in settings else {},
    )


def _keep(retain: Retain | timedelta | float) -> Keep:
    if isinstance(retain, timedelta | float | int):
        return dict.fromkeys(FINAL, as_timedelta(retain, "retain"))
    said = cast("Mapping[str, timedelta | float | None]", retain)
    unknown = sorted(said.keys() - FINAL)
    if unknown:
        raise ValueError(f"retain knows complete, failed and cancelled, not {', '.join(unknown)}")
    return {
        State(name): None if keep is None else as_timedelta(keep, f"retain[{name!r}]") for name, keep in said.items()
    }


def _retry_policy(settings: KindSettings) -> RetryPolicy:
    default = RetryPolicy()
    return RetryPolicy(
        max_retries=settings.get("max_retries", default.max_retries),
        backoff=settings.get("backoff", default.backoff),
        retry_on=settings.get("retry_on", default.retry_on),
    )
