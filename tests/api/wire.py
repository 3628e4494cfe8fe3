"""A strict reader of what streams send: anything that the format or our promises do not allow fails the test."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx2

_FRAME = re.compile(r"(?:id: (?P<id>[1-9][0-9]*)\n)?data: (?P<data>[^\r\n]*)")
_RETRY = re.compile(r"retry: [0-9]+")
_PING = ": ping"
DONE = "[DONE]"


class Frame(NamedTuple):
    """One SSE frame that carries data."""

    id: int | None
    data: Any  # the decoded JSON, or `[DONE]`


class Stream:
    """An open `text/event-stream`."""

    def __init__(self, response: httpx2.Response) -> None:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        self.response = response
        self.pings = 0
        self._chunks = self._split()

    async def _split(self) -> AsyncIterator[str]:
        unread = b""
        async for part in self.response.aiter_bytes():
            *whole, unread = (unread + part).split(b"\n\n")
            for frame in whole:
                yield frame.decode()
        assert unread == b"", "the stream ends within a frame"

    def __aiter__(self) -> AsyncIterator[Frame]:
        return self

    async def __anext__(self) -> Frame:
        """The next frame with data."""
        while True:
            text = await anext(self._chunks)
            if text == _PING:
                self.pings += 1
            elif not _RETRY.fullmatch(text):
                return _frame(text)

    async def ping(self) -> None:
        """Returns once a ping has come; data before it fails the test."""
        while (text := await anext(self._chunks)) != _PING:
            assert _RETRY.fullmatch(text), text


def _frame(text: str) -> Frame:
    parts = _FRAME.fullmatch(text)
    assert parts, f"not a frame: {text!r}"
    if parts["data"] == DONE:
        assert parts["id"] is None
        return Frame(None, DONE)
    return Frame(int(parts["id"]) if parts["id"] else None, json.loads(parts["data"]))


@asynccontextmanager
async def opened(client: httpx2.AsyncClient, url: str, **headers: str) -> AsyncIterator[Stream]:
    """An open stream; leaving the block closes its connection."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with client.stream("GET", url, headers=named) as response:
        yield Stream(response)


async def whole(client: httpx2.AsyncClient, url: str, **headers: str) -> list[Frame]:
    """All frames of a stream that ends, `[DONE]` left out after it was seen."""
    async with opened(client, url, **headers) as stream:
        frames = [frame async for frame in stream]
    assert frames[-1] == Frame(None, DONE)
    assert all(frame.data != DONE for frame in frames[:-1])
    return frames[:-1]
