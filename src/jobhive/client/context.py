"""What a handler sees of its job: who it is, and how to tell what it does."""

import asyncio
from collections.abc import Mapping

from pydantic import BaseModel, JsonValue

from jobhive.client.steering import Cancel
from jobhive.core.job import RunningJob, running
from jobhive.core.kind import Kind, Progress
from jobhive.core.receipt import Claim
from jobhive.narration import narrate
from jobhive.streams.feed import PROGRESS, Feed
from jobhive.streams.writer import StreamWriter


class Context:
    """Handed to async handlers that ask for it as their first parameter. Lives as long as the attempt."""

    __slots__ = ("_claim", "_feed", "_kind", "_streams", "is_cancel_requested", "params")

    def __init__(self, claim: Claim, kind: Kind, params: BaseModel, streams: StreamWriter) -> None:
        self._claim = claim
        self._kind = kind
        self._streams = streams
        self._feed: Feed | None = None  # made with the first event, so that a silent job costs nothing
        self.params = params
        self.is_cancel_requested = False  # set by the worker once somebody asked

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
        """Tells an event; it is durable within milliseconds. Raises InvalidInput for data that is not JSON."""
        self.tell(type_, data)
        await self.feed.room()

    async def log(self, line: str) -> None:
        """Tells a line of log."""
        await self.emit("log", line=line)

    async def progress(
        self, stage: str | BaseModel, percentage: float | None = None, message: str | None = None
    ) -> None:
        """Tells how far the job is, in words and per cent or as the kind's own progress type.

        May be called as often as one likes: at most ten a second are stored, and always the last.
        """
        told = stage if isinstance(stage, BaseModel) else Progress(stage=stage, percentage=percentage, message=message)
        self.tell(PROGRESS, told.model_dump(mode="json", exclude_none=True))
        await self.feed.room()

    async def narrate(self, action: str, target: str, sentence: str) -> None:
        """Tells what the job does to what, in one sentence, in the stream and in the log."""
        narrate(self._claim.kind, action, target, sentence, job_id=self.job_id)
        await self.emit("narration", actor=self._claim.kind, action=action, target=target, sentence=sentence)

    def cancelled(self) -> bool:
        """Whether somebody asked to cancel this job."""
        return self.is_cancel_requested

    def check_cancelled(self) -> None:
        """Raises `Cancel` if somebody asked to cancel this job."""
        if self.is_cancel_requested:
            raise Cancel("cancel requested")

    @property
    def feed(self) -> Feed:
        """The attempt's events on their way to the store."""
        if self._feed is None:
            self._feed = self._streams.feed(self._claim)
        return self._feed

    def tell(self, type_: str, data: Mapping[str, JsonValue]) -> None:
        """Tells an event without waiting for room in the buffer."""
        self.feed.tell(type_, data)

    async def settled(self) -> None:
        """Returns once all that was told is stored. Raises LeaseLost if it was refused."""
        if self._feed is not None:
            await self._feed.settled()


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
        asyncio.run_coroutine_threadsafe(self._context.emit(type_, **data), self._loop).result()

    def log(self, line: str) -> None:
        """As `Context.log`."""
        self.emit("log", line=line)

    def progress(self, stage: str | BaseModel, percentage: float | None = None, message: str | None = None) -> None:
        """As `Context.progress`."""
        told = self._context.progress(stage, percentage, message)
        asyncio.run_coroutine_threadsafe(told, self._loop).result()

    def narrate(self, action: str, target: str, sentence: str) -> None:
        """As `Context.narrate`."""
        told = self._context.narrate(action, target, sentence)
        asyncio.run_coroutine_threadsafe(told, self._loop).result()

    def cancelled(self) -> bool:
        """Whether somebody asked to cancel this job; threads cannot be interrupted, so look from time to time."""
        return self._context.cancelled()

    def check_cancelled(self) -> None:
        """Raises `Cancel` if somebody asked to cancel this job."""
        self._context.check_cancelled()
