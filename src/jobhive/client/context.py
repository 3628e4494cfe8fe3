"""What a handler sees of its job: who it is, and how to tell what it does."""

import asyncio
from collections.abc import Coroutine, Mapping
from time import monotonic

from pydantic import BaseModel, JsonValue, ValidationError

from jobhive.client.steering import CancelNoticed
from jobhive.core.errors import FieldError, InvalidInput, LeaseLost
from jobhive.core.event import ATTEMPT, STARTED, TERMINAL
from jobhive.core.job import RunningJob, running
from jobhive.core.kind import Kind
from jobhive.core.receipt import Claim
from jobhive.core.validation import invalid
from jobhive.narration import narrate
from jobhive.streams.feed import PROGRESS, Feed
from jobhive.streams.writer import StreamWriter

_TOLD_BY_JOBHIVE = TERMINAL | {STARTED, ATTEMPT}


class Context:
    """Handed to async handlers that ask for it as their first parameter. Lives as long as the attempt."""

    __slots__ = ("_claim", "_feed", "_kind", "_streams", "has_told_cancel", "is_cancel_requested", "params", "told_at")

    def __init__(self, claim: Claim, kind: Kind, params: BaseModel, streams: StreamWriter) -> None:
        self._claim = claim
        self._kind = kind
        self._streams = streams
        self._feed: Feed | None = None  # made with the first event, so that a silent job costs nothing
        self.params = params
        self.told_at = 0.0  # when the handler told something last; seconds of the monotonic clock
        self.is_cancel_requested = False  # set by the worker once the handler is to stop
        self.has_told_cancel = False  # set once the handler has seen that

    @property
    def job_id(self) -> str:
        """The job's id."""
        return self._claim.job_id

    @property
    def attempt(self) -> int:
        """1 for the first attempt, counted over all starts."""
        return self._claim.attempt

    @property
    def job(self) -> RunningJob[BaseModel, BaseModel]:
        """The job as it was claimed; earlier attempts are not loaded."""
        return running(self._claim, self._kind, self.params)

    async def emit(self, type_: str, /, **data: JsonValue) -> None:
        """Tells an event; it is durable within milliseconds.

        Raises InvalidInput for data that is not JSON and for types that Jobhive tells itself.
        """
        if type_ in _TOLD_BY_JOBHIVE:
            refused = FieldError("type", "reserved", f"Jobhive itself tells {', '.join(sorted(_TOLD_BY_JOBHIVE))}")
            raise InvalidInput("the event cannot be told", [refused])
        if type_ == PROGRESS:
            data = self._checked_progress(data)
        self.tell(type_, data)
        await self.feed.room()

    async def log(self, line: str) -> None:
        """Tells a line of log."""
        await self.emit("log", line=line)

    async def progress(
        self, stage: str | BaseModel, percentage: float | None = None, message: str | None = None
    ) -> None:
        """Tells how far the job is, in words and per cent or as the kind's own progress type.

        May be called as often as one likes: at most ten a second are stored, and always the last. Raises InvalidInput
        for what is not the kind's progress.
        """
        words = {"stage": stage, "percentage": percentage, "message": message}
        self.tell(PROGRESS, self._checked_progress(stage if isinstance(stage, BaseModel) else words))
        await self.feed.room()

    async def narrate(self, action: str, target: str, sentence: str) -> None:
        """Tells what the job does to what, in one sentence, in the stream and in the log."""
        narrate(self._claim.kind, action, target, sentence, job_id=self.job_id)
        await self.emit("narration", actor=self._claim.kind, action=action, target=target, sentence=sentence)

    def cancelled(self) -> bool:
        """Whether the handler is to stop: somebody asked to cancel the job, or its worker cannot wait any longer.

        After a True, return or raise soon; what is returned then is not taken for the job's result.
        """
        self.has_told_cancel = self.has_told_cancel or self.is_cancel_requested
        return self.is_cancel_requested

    def check_cancelled(self) -> None:
        """Raises `Cancel` if the handler is to stop; see `cancelled`."""
        if self.cancelled():
            raise CancelNoticed

    def _checked_progress(self, told: object) -> dict[str, JsonValue]:
        try:
            progress = self._kind.progress.model_validate(told)
        except ValidationError as error:
            raise invalid("the progress cannot be told", error, prefix="progress") from None
        return progress.model_dump(mode="json", exclude_none=True)

    @property
    def feed(self) -> Feed:
        """The attempt's events on their way to the store."""
        if self._feed is None:
            self._feed = self._streams.feed(self._claim)
        return self._feed

    def tell(self, type_: str, data: Mapping[str, JsonValue]) -> None:
        """Tells an event without waiting for room in the buffer."""
        self.feed.tell(type_, data)
        self.told_at = monotonic()

    async def settled(self) -> None:
        """Returns once all that was told is stored. Raises LeaseLost if it was refused."""
        if self._feed is not None:
            await self._feed.settled()

    async def close(self) -> None:
        """Ends the telling: the attempt is over. Returns once all is stored. Raises LeaseLost if it was refused."""
        await self.feed.close()


class SyncContext:
    """The same for handlers that are plain functions and run in a thread: its methods return when they are done."""

    def __init__(self, context: Context, loop: asyncio.AbstractEventLoop) -> None:
        self._context = context
        self._loop = loop  # where the context lives

    @property
    def job_id(self) -> str:
        """The job's id."""
        return self._context.job_id

    @property
    def attempt(self) -> int:
        """1 for the first attempt, counted over all starts."""
        return self._context.attempt

    @property
    def job(self) -> RunningJob[BaseModel, BaseModel]:
        """The job as it was claimed; earlier attempts are not loaded."""
        return self._context.job

    def emit(self, type_: str, /, **data: JsonValue) -> None:
        """As `Context.emit`."""
        self._told(self._context.emit(type_, **data))

    def log(self, line: str) -> None:
        """As `Context.log`."""
        self.emit("log", line=line)

    def progress(self, stage: str | BaseModel, percentage: float | None = None, message: str | None = None) -> None:
        """As `Context.progress`."""
        self._told(self._context.progress(stage, percentage, message))

    def narrate(self, action: str, target: str, sentence: str) -> None:
        """As `Context.narrate`."""
        self._told(self._context.narrate(action, target, sentence))

    def cancelled(self) -> bool:
        """As `Context.cancelled`. Threads cannot be interrupted, so look from time to time."""
        return self._context.cancelled()

    def check_cancelled(self) -> None:
        """As `Context.check_cancelled`."""
        self._context.check_cancelled()

    def _told(self, telling: Coroutine[object, object, None]) -> None:
        """Waits until it is told. Raises LeaseLost in a thread that outlives its worker's loop."""
        try:
            told = asyncio.run_coroutine_threadsafe(telling, self._loop)
        except RuntimeError:  # the loop is closed
            telling.close()
            raise LeaseLost(self.job_id) from None
        told.result()
