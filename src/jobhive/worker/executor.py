"""An attempt's life as one pipeline: validate, handle, judge, settle its stream, decide. It writes nothing itself."""

import asyncio
import errno
from collections.abc import Awaitable, Callable
from random import Random

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from jobhive.client.handler import Handler
from jobhive.client.steering import Cancel, CancelNoticed, Discard, Retry, Snooze, Steering
from jobhive.core.errors import InvalidInput, LeaseLost
from jobhive.core.outcome import (
    Cancelled,
    Completed,
    Discarded,
    Failed,
    JobError,
    Move,
    Outcome,
    Released,
    RetryAsked,
    Snoozed,
    decide,
)
from jobhive.core.validation import field_errors
from jobhive.failpoints import failpoint
from jobhive.worker.attempts import Attempt, Stop
from jobhive.worker.handling import Handling
from jobhive.worker.isolation.pool import Judged
from jobhive.worker.limits import bounded, is_limited

_MOST_RESULT_MIB = 16  # one that no store could write would hold up what its worker's other jobs led to


class Executor:
    """Runs attempts. One per worker; keeps nothing between them."""

    def __init__(self, handling: Handling, random: Random, out_of_descriptors: Callable[[], None]) -> None:
        self._handling = handling
        self._out_of_descriptors = out_of_descriptors  # called where a handler could open nothing more
        self._random = random

    async def execute(self, attempt: Attempt) -> Move | None:
        """Runs one attempt and decides what it leads to; None once the job is not ours any more."""
        outcome = await self._outcome(attempt)
        self._handling.original.end_copy()
        attempt.has_ended = True
        failpoint("executor.handled")
        if attempt.stop is Stop.LOST or outcome is None:
            return None
        try:
            if attempt.context is not None:
                await attempt.context.close()
        except LeaseLost:
            return None
        return decide(attempt.claim, outcome, attempt.handler.kind.retry, self._random)

    async def _outcome(self, attempt: Attempt) -> Outcome | None:
        """Everything that a handler can do ends here; also what it should not, such as SystemExit."""
        handler = attempt.handler
        try:
            params = handler.kind.read_params(attempt.claim.params)
        except InvalidInput as error:
            return Failed(JobError.of(error, "INVALID_PARAMS"), is_retryable=False)
        try:
            result = await self._handled(attempt, params)
            if isinstance(result, Judged):
                return result.outcome
            return _interrupted(attempt) if attempt.stop and _has_obeyed(attempt) else completed(handler, result)
        except asyncio.CancelledError:
            return _interrupted(attempt)
        except LeaseLost:
            return None
        except BaseException as error:  # a handler's SystemExit must not end the worker
            if isinstance(error, OSError) and error.errno == errno.EMFILE:
                self._out_of_descriptors()
            return _interrupted(attempt) if attempt.stop and _has_given_in(error) else judged(handler, error)

    def _handled(self, attempt: Attempt, params: BaseModel) -> Awaitable[object]:
        called = self._handling.call(attempt, params)
        return bounded(called, attempt) if is_limited(attempt.handler.kind) else called


class InvalidResult(Exception):
    """The handler returned something else than its kind's result type."""

    code = "INVALID_RESULT"


def completed(handler: Handler, result: object) -> Completed:
    """What a handler returned, as the store keeps it. Raises InvalidResult."""
    adapter, name = handler.kind.result, handler.kind.name
    try:
        checked = adapter.validator.validate_python(result, strict=True)
        text = _dumped(adapter, checked)
        if len(text) > _MOST_RESULT_MIB << 20:
            raise InvalidResult(
                f"kind {name!r} returned {len(text) >> 20} MiB of JSON, more than {_MOST_RESULT_MIB}; "
                "keep it elsewhere and return where it is"
            )
    except ValidationError as error:
        wrong = "; ".join(f"{each.field}: {each.message}" for each in field_errors(error, prefix="result"))
        raise InvalidResult(f"kind {name!r} returned the wrong type: {wrong}") from None
    except (PydanticSerializationError, ValueError) as error:
        raise InvalidResult(f"kind {name!r} returned what JSON cannot hold: {error}") from None
    ending = None if handler.ending is None else to_json(handler.ending(checked)).decode()
    return Completed(text, ending)


def _dumped(adapter: TypeAdapter[object], result: object) -> str:
    """The result as JSON that reads back."""
    text = adapter.serializer.to_json(result)
    if result is not None and b"null" in text:  # perhaps a NaN that became one
        adapter.validate_json(text)
    return text.decode()


def _has_obeyed(attempt: Attempt) -> bool:
    """Whether the handler, which was told to stop, returned because of that: what it returned is not its result."""
    return attempt.context is not None and attempt.context.has_told_cancel


def _has_given_in(error: BaseException) -> bool:
    """Whether the handler raised because it was told to stop; its own word on how the job goes on still counts."""
    return not isinstance(error, Steering | InvalidResult) or isinstance(error, CancelNoticed)


def _interrupted(attempt: Attempt) -> Outcome | None:
    match attempt.stop:
        case Stop.CANCEL:
            return Cancelled("cancel requested")
        case Stop.RELEASE:
            return Released("its worker stops")
        case Stop.DOUBT:
            return Released("its lease could not be renewed")
        case Stop.LOST:
            return None
        case None:  # nobody outside asked: the handler's own doing
            return Failed(JobError("CancelledError", "the handler cancelled itself", "", "JOB_ERROR"))


def judged(handler: Handler, error: BaseException) -> Outcome:
    """What it means that the handler raised this."""
    match error:
        case Retry(after=after):
            return RetryAsked(JobError.of(error), after)
        case Snooze(delay=delay):
            return Snoozed(delay)
        case Cancel(reason=reason):
            return Cancelled(reason)
        case Discard():
            return Discarded(JobError.of(error))
        case InvalidResult():
            return Failed(JobError.of(error), is_retryable=False)
        case _:
            return Failed(JobError.of(error), handler.kind.retry.covers(error))
