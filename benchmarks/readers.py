"""Readers of a stream that cost next to nothing, so that hundreds of them fit beside the server they measure."""

import asyncio
import re
import socket
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial

import httptools

from benchmarks.installation import HOST

_TOLD_AT = re.compile(rb'"told_at_ns":(\d+)')
_PING = b": ping\n\n"
_FROZEN_RECEIVE_BYTES = 4096


class Reader(asyncio.Protocol):
    """Keeps what one connection brought, and when."""

    def __init__(self, path: str) -> None:
        self.is_open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request = f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
        self._parser = httptools.HttpResponseParser(self)
        self._parts: list[tuple[int, bytes]] = []  # when it came, in nanoseconds since 1970, and what

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks for the stream."""
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Part of the answer."""
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Too early, unless the answer was whole."""
        if not self.ended.done():
            self.ended.set_exception(exc or ConnectionError("the server closed a stream before its end"))

    def on_headers_complete(self) -> None:
        """The answer begins."""
        self.is_open.set_result(None)

    def on_body(self, body: bytes) -> None:
        """Some bytes of the stream."""
        self._parts.append((time.time_ns(), body))

    def on_message_complete(self) -> None:
        """The answer was whole."""
        self.ended.set_result(None)

    def text(self) -> bytes:
        """All that came, comments left out."""
        return b"".join(body for _, body in self._parts).replace(_PING, b"")

    def delays_ns(self, since_ns: int) -> list[int]:
        """Of every event told since then: from the handler that told it to its arrival here."""
        times = [(seen_at_ns, int(told)) for seen_at_ns, body in self._parts for told in _TOLD_AT.findall(body)]
        return [seen_at_ns - told_at_ns for seen_at_ns, told_at_ns in times if told_at_ns >= since_ns]


async def opened(port: int, path: str, count: int) -> list[Reader]:
    """So many readers whose streams have begun."""
    loop = asyncio.get_running_loop()
    readers = [Reader(path) for _ in range(count)]
    for reader in readers:
        await loop.create_connection(partial(_same, reader), HOST, port)
    await asyncio.gather(*(reader.is_open for reader in readers))
    return readers


def _same(reader: Reader) -> Reader:
    return reader


async def ended(readers: Sequence[Reader]) -> None:
    """Returns once every stream has ended. Raises ConnectionError if one was cut off."""
    await asyncio.gather(*(reader.ended for reader in readers))


@asynccontextmanager
async def frozen(port: int, path: str, count: int) -> AsyncGenerator[None]:
    """So many connections that ask for the stream and take nothing of it, for the length of the block."""
    connections = [_frozen(port, path) for _ in range(count)]
    try:
        yield
    finally:
        for connection in connections:
            connection.close()


def _frozen(port: int, path: str) -> socket.socket:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _FROZEN_RECEIVE_BYTES)
    connection.connect((HOST, port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    return connection
