"""HTTP/1.1 as uvicorn reads it, with an end to how long a head may be, and problems for what cannot be read."""

import asyncio
import math
import sys
from http import HTTPStatus
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from jobhive.api.problems import MEDIA_TYPE, Problem, ProblemResponse, problem

LONGEST_HEAD = 1 << 16  # bytes of target and headers; far above what clients send


class _HeadTooLong(Exception):
    """Ends the parser, which knows no end of its own."""


class Protocol(HttpToolsProtocol):
    """One connection. What it refuses itself, no application hears of."""

    head_seconds = 30.0  # for a head to come, once its connection is open or its first byte is there

    _head_timer: asyncio.TimerHandle | None = None  # runs while a head is awaited
    _head_bytes = 0.0  # came since the last request and are not all of a head yet; -inf within a body

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Who opens a connection says what for."""
        super().connection_made(cast("asyncio.Transport", transport))
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feeds the parser, which keeps an unfinished head to itself."""
        self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes > LONGEST_HEAD and not self.transport.is_closing():
            self._refuse(_TOO_LONG)
        elif self._head_bytes > 0 and self._head_timer is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        """Lets the head through. Raises _HeadTooLong."""
        self._stop_waiting()
        self._head_bytes = -math.inf
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > LONGEST_HEAD:
            raise _HeadTooLong
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Whatever follows is the next request."""
        self._head_bytes = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """For uvicorn, which calls this while it handles the parser's exception."""
        error = sys.exception()
        self._refuse(_TOO_LONG if error and isinstance(error.__context__, _HeadTooLong) else _malformed(error, msg))

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_seconds, self._refuse, _TOO_SLOW)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, told: Problem) -> None:
        answer = ProblemResponse(told)
        head = f"HTTP/1.1 {told['status']} {told['title']}\r\ncontent-type: {MEDIA_TYPE}\r\n"
        head += f"content-length: {len(answer.body)}\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
        self.transport.write(head.encode() + answer.body)
        self.transport.close()


_TOO_LONG = problem(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "HEAD_TOO_LONG",
    f"target and headers have at most {LONGEST_HEAD} bytes here; send less, and bulk in a body",
)
_TOO_SLOW = problem(
    HTTPStatus.REQUEST_TIMEOUT, "HEAD_TOO_SLOW", "no request came in time; connect again and send its head at once"
)


def _malformed(error: BaseException | None, otherwise: str) -> Problem:
    said = str(error) or otherwise
    return problem(
        HTTPStatus.BAD_REQUEST, "MALFORMED_REQUEST", f"this is not HTTP/1.1: {said}; send it again as HTTP/1.1"
    )
