"""A kind and the function that runs it: what its signature says about params, result and manner of running."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model

from jobhive.client.context import Context, SyncContext
from jobhive.core.kind import Kind

Function = Callable[..., object]
Facts = Callable[[], Mapping[str, str]]


class Style(StrEnum):
    """How a handler is run."""

    ASYNC = "async"  # a coroutine on the worker's loop
    STREAM = "stream"  # an async generator on the worker's loop; what it yields is streamed
    THREAD = "thread"  # a plain function in a thread
    PROCESS = "process"  # a plain function in a process of its own


@dataclass(frozen=True, slots=True)
class Handler:
    """What a worker needs to run jobs of a kind. Made once, at registration."""

    kind: Kind[BaseModel, BaseModel, object]
    function: Function
    style: Style
    wants_context: bool
    model_parameter: str | None = None  # takes the params model whole; None: keyword arguments, one per field
    is_run_apart: bool = False  # only by workers of its own class, never by those of the application
    ending: Callable[[Any], Mapping[str, object]] | None = None  # words the `end` event from the result
    facts: Facts | None = None  # asked at every claim, told in `started`, such as the model's name
    open: Callable[[], Awaitable[None]] | None = None  # called as its worker starts; raises nothing
    close: Callable[[], Awaitable[None]] | None = None  # lets go of what the handler holds, as its worker stops

    def arguments(self, params: BaseModel) -> dict[str, Any]:
        """Keyword arguments for the function, context not included."""
        return vars(params) if self.model_parameter is None else {self.model_parameter: params}


def wants_context(function: Function) -> bool:
    """Whether the first parameter is annotated as a context."""
    first = next(iter(inspect.signature(function).parameters), None)
    return first is not None and _hints(function).get(first) in (Context, SyncContext)


def params_model(function: Function, name: str) -> tuple[type[BaseModel], str | None]:
    """The model of a function's params, and the parameter that takes it whole, if any.

    As in FastAPI, a single parameter that is a pydantic model is the whole of the params. Raises TypeError for
    signatures that cannot be called by name.
    """
    parameters = _parameters(function, wants_context=wants_context(function))
    hints = _hints(function)
    only = hints.get(parameters[0].name) if len(parameters) == 1 else None
    if isinstance(only, type) and issubclass(only, BaseModel):
        return only, parameters[0].name
    fields = {each.name: _field(each, hints) for each in parameters}
    closed = ConfigDict(extra="forbid", arbitrary_types_allowed=False)
    return create_model(f"{name}_params", __config__=closed, **cast(Any, fields)), None


def result_type(function: Function, style: Style) -> TypeAdapter[object]:
    """Validates what the function returns; a stream's result is None, and without an annotation anything goes."""
    if style is Style.STREAM:
        return TypeAdapter(type(None))
    return TypeAdapter(_hints(function).get("return", Any))


def style_of(function: Function, isolation: str | None) -> Style:
    """How the function is to be run. Raises TypeError for what cannot be."""
    if isolation not in (None, "process"):
        raise TypeError(f"isolation is 'process' or nothing, not {isolation!r}")
    if inspect.isgeneratorfunction(function):
        raise TypeError(f"{_name(function)} is a plain generator; make it `async def` to stream what it yields")
    if inspect.isasyncgenfunction(function) or inspect.iscoroutinefunction(function):
        if isolation == "process":
            raise TypeError(f"{_name(function)} is async; isolation='process' is for plain functions")
        return Style.STREAM if inspect.isasyncgenfunction(function) else Style.ASYNC
    return Style.PROCESS if isolation == "process" else Style.THREAD


def _parameters(function: Function, *, wants_context: bool) -> list[inspect.Parameter]:
    parameters = list(inspect.signature(function).parameters.values())[int(wants_context) :]
    for each in parameters:
        if each.kind not in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY):
            raise TypeError(f"{_name(function)}: parameter {each} cannot be stored by name; give it a plain name")
        if each.name.startswith("_"):
            raise TypeError(f"{_name(function)}: parameter {each.name!r} begins with an underscore; rename it")
    return parameters


def _field(parameter: inspect.Parameter, hints: Mapping[str, Any]) -> tuple[Any, Any]:
    default = ... if parameter.default is inspect.Parameter.empty else parameter.default
    return hints.get(parameter.name, Any), default


def _hints(function: Function) -> dict[str, Any]:
    return get_type_hints(function, include_extras=True)


def _name(function: Function) -> str:
    return getattr(function, "__qualname__", repr(function))
