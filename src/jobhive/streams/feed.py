"""One attempt's events on their way to the store."""

import asyncio
from collections.abc import Callable, Mapping
from typing import NamedTuple

from pydantic import JsonValue
from pydantic_core import PydanticSerializationError, from_json, to_json

from jobhive.core.errors import FieldError, InvalidInput, LeaseLost
from jobhive.core.event import Append
from jobhive.core.receipt import Claim

PROGRESS = "progress"
_RESERVED = frozenset({"type", "at", "seq"})
_MOST_BUFFERED_BYTES = 262_144
_MOST_EVENT_MIB = 16  # one that no store could write would hold up every stream of its worker
_PROGRESS_EVERY_SECONDS = 0.1


class Feed:
    """Buffers what an attempt tells. Owned by the attempt; a `StreamWriter` takes from it and confirms.

    Lives on one event loop. Progress that comes faster than ten times a second is held back; the last one is kept.
    """

    def __init__(self, claim: Claim, now_ms: Callable[[], int], ring: Callable[["Feed"], None]) -> None:
        self.job_id = claim.job_id
        self.is_lost = False  # the store refused a batch: the job belongs to somebody else
        self._token = claim.token
        self._last_seq = claim.last_seq  # number of the last event stored or on its way
        self._now_ms = now_ms
        self._ring = ring
        self._buffered: list[bytes] = []  # told, not yet taken by the writer
        self._buffered_bytes = 0
        self._progress: str | None = None  # newest progress among the buffered, for the job's row
        self._held: _Told | None = None  # progress that waits for `_timer`
        self._timer: asyncio.TimerHandle | None = None  # runs for a while after each progress
        self._on_its_way: Append | None = None  # taken, not yet confirmed; sent again unchanged after a failure
        self._is_closed = False  # the attempt is over: what a thread of it still tells comes too late
        self._settled = asyncio.Event()  # set while nothing waits to be stored
        self._settled.set()
        self._has_room = asyncio.Event()  # set by `take` and by the end, cleared while the buffer is too full

    def tell(self, type_: str, data: Mapping[str, JsonValue]) -> None:
        """Adds an event. Raises InvalidInput for data that is not JSON, LeaseLost once the job is not ours."""
        if self.is_lost or self._is_closed:
            raise LeaseLost(self.job_id)
        told = _Told(_packed(type_, self._now_ms(), data), to_json(data).decode() if type_ == PROGRESS else None)
        if told.progress is not None and self._timer is not None:
            self._held = told
            self._settled.clear()
        else:
            self._buffer(told)

    async def room(self) -> None:
        """Returns once the buffer has room: whoever tells faster than the disk writes waits here."""
        while self._buffered_bytes > _MOST_BUFFERED_BYTES and not self.is_lost:
            self._has_room.clear()
            await self._has_room.wait()

    async def close(self) -> None:
        """Takes nothing more, and returns once all that was told is stored. Raises LeaseLost if it was refused."""
        self._is_closed = True
        await self.settled()

    async def settled(self) -> None:
        """Returns once all that was told is stored. Raises LeaseLost if it was refused."""
        self._let_go()
        await self._settled.wait()
        if self.is_lost:
            raise LeaseLost(self.job_id)

    def take(self) -> Append | None:
        """The next batch for the store: the one whose reply did not come, or all that is buffered."""
        if self._on_its_way is None and self._buffered:
            first_seq, self._last_seq = self._last_seq + 1, self._last_seq + len(self._buffered)
            events = b"[%b]" % b",".join(self._buffered)
            self._on_its_way = Append(
                self.job_id, self._token, first_seq, self._last_seq, events.decode(), self._progress
            )
            self._buffered, self._buffered_bytes, self._progress = [], 0, None
            self._has_room.set()
        return self._on_its_way

    def confirm(self, *, is_accepted: bool) -> None:
        """The store's answer for the batch taken last."""
        self._on_its_way = None
        self.is_lost = self.is_lost or not is_accepted
        if self.is_lost or not (self._buffered or self._held):
            self._settled.set()
        elif self._buffered:  # rung for before, but what was taken then was the batch that had failed
            self._ring(self)
        if self.is_lost:
            self._has_room.set()

    def _buffer(self, told: "_Told") -> None:
        if told.progress is not None:
            self._progress = told.progress
            self._timer = asyncio.get_running_loop().call_later(_PROGRESS_EVERY_SECONDS, self._let_go)
        self._buffered.append(told.event)
        self._buffered_bytes += len(told.event)
        self._settled.clear()
        self._ring(self)

    def _let_go(self) -> None:
        """Ends the pause between two progress events and tells what was held during it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        held, self._held = self._held, None
        if held is not None:
            self._buffer(held)


class _Told(NamedTuple):
    """An event, packed when it was told."""

    event: bytes  # as in `Append`
    progress: str | None  # as in `Append`, where it is one


def _packed(type_: str, now_ms: int, data: Mapping[str, JsonValue]) -> bytes:
    reserved = sorted(_RESERVED & data.keys())
    if reserved:
        raise InvalidInput(
            "the event cannot be told", [FieldError(name, "reserved", "choose another name") for name in reserved]
        )
    try:
        event = to_json((type_, now_ms, data))
        if len(event) > _MOST_EVENT_MIB << 20:
            raise ValueError(f"it has {len(event) >> 20} MiB, and an event may have {_MOST_EVENT_MIB}")
        if b"NaN" in event or b"Infinity" in event:  # numbers that JSON does not have, or words in a text
            from_json(event, allow_inf_nan=False)
    except (PydanticSerializationError, ValueError) as error:
        raise InvalidInput("the event cannot be told", [FieldError("data", "json", str(error))]) from error
    return event
