"""Streams on the wire: Server-Sent Events (WHATWG HTML, section 9.2) or lines of JSON, pulled and never buffered."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import aclosing
from datetime import timedelta

from pydantic import JsonValue
from pydantic_core import to_json
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from jobhive.api.failures import report_failure
from jobhive.core.errors import JobhiveError
from jobhive.core.event import Event
from jobhive.failpoints import failpoint
from jobhive.narration import narrate

HANGUP = "jobhive.hangup"  # key in the ASGI scope: an asyncio.Event that the server sets when it stops

SSE, NDJSON = "text/event-stream", "application/x-ndjson"

RECONNECT = b"retry: 1000\n\n"  # milliseconds until a browser comes back after its connection was lost
DONE = b"data: [DONE]\n\n"
_PING = b": ping\n\n"

# One event, as OpenAPI 3.1 describes the items of a stream.
EVENT_SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "number of the event; `data: [DONE]` has none"},
        "data": {"type": "string", "description": "a JSON object with `type` and `at`, or `[DONE]`"},
    },
    "required": ["data"],
}

Frames = AsyncGenerator[bytes, None]
Until = Callable[[], Coroutine[None, None, None]]


async def job_frames(parts: Frames) -> Frames:
    """The whole answer around a job's events as frames. Closing it closes `parts`."""
    yield RECONNECT
    async with aclosing(parts):
        async for frames in parts:
            yield frames
    yield DONE


def as_frames(events: Sequence[Event]) -> bytes:
    """Events as SSE frames."""
    return b"".join([b"id: %d\ndata: %b\n\n" % (event.seq, json_of(_told(event))) for event in events])


def as_lines(events: Sequence[Event]) -> bytes:
    """Events as lines, each with its number as `seq`."""
    return b"".join([json_of(_told(event) | {"seq": event.seq}) + b"\n" for event in events])


def _told(event: Event) -> dict[str, object]:
    told: dict[str, object] = {"type": event.type, "at": event.at, **event.data}
    told["type"], told["at"] = event.type, event.at  # ours, whatever names a handler gave to its own values
    return told


def json_of(value: object) -> bytes:
    """One line of JSON; numbers that JSON does not have become null."""
    return to_json(value, inf_nan_mode="null")


class EventStream(StreamingResponse):
    """Sends frames as fast as the client takes them, until they end, the client leaves, the server stops, or `until`.

    A server that stops ends the response in good order but without `[DONE]`, so that readers come back elsewhere.
    """

    def __init__(self, frames: Frames, media_type: str, ping_every: timedelta, until: Until) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(frames, headers=headers, media_type=media_type)
        self._frames = frames  # closed by `_write`, whatever ends it
        self._ping_every = ping_every
        self._until = until  # returns when the client may read no longer
        self._is_sse = media_type == SSE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs one response (ASGI)."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        hangup: asyncio.Event = scope.get(HANGUP) or asyncio.Event()
        await _until_first(
            self._write(scope, send), self._ping(send), _until_gone(receive), _until_set(hangup), self._until()
        )
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _write(self, scope: Scope, send: Send) -> None:
        try:
            async with aclosing(self._frames) as frames:
                async for frame in frames:
                    failpoint("sse.before_frame")
                    await send({"type": "http.response.body", "body": frame, "more_body": True})
                    await asyncio.sleep(0)  # a long replay waits for nothing, and would let nobody else run
        except JobhiveError as error:
            narrate("api", "hung up", scope["path"], f"the stream cannot go on for now: {error}", level="warning")
        except Exception as error:
            report_failure(error, f"stream {scope['path']}")

    async def _ping(self, send: Send) -> None:
        while True:
            await asyncio.sleep(self._ping_every.total_seconds())
            if self._is_sse:
                await send({"type": "http.response.body", "body": _PING, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _until_set(event: asyncio.Event) -> None:
    await event.wait()


async def _until_first(*acts: Coroutine[None, None, None]) -> None:
    """Runs all until one has ended; the others are cancelled and have ended too when this returns."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(act) for act in acts]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
