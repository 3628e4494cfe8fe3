"""A tiny HTTP server that answers as it is told: for servers that cannot be had here, and for faults on demand."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast

VLLM = {"object": "list", "data": [{"id": "qwen", "object": "model", "owned_by": "vllm", "max_model_len": 2048}]}
OLLAMA = {"object": "list", "data": [{"id": "smollm2:135m", "object": "model", "owned_by": "library"}]}

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class FakeServer:
    """What it was asked, and what it answers next."""

    models: object  # answers `GET /v1/models`; an Answer is given as it is
    url: str = ""
    answer: Answer | None = None  # to every completion
    asked: list[dict[str, Any]] = field(default_factory=list)  # bodies of completions
    heads: list[str] = field(default_factory=list)  # of all requests
    is_asked: asyncio.Event = field(default_factory=asyncio.Event)  # for a completion
    is_left: asyncio.Event = field(default_factory=asyncio.Event)  # a connection was closed after its completion

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):  # some connect and then ask nothing
            await self._serve(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        if head.startswith("GET /v1/models "):
            await (cast("Answer", self.models) if callable(self.models) else plain(200, self.models))(writer)
        else:
            length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0])
            self.asked.append(json.loads(await reader.readexactly(length)))
            assert self.answer is not None
            self.is_asked.set()
            answering = asyncio.ensure_future(self.answer(writer))
            with suppress(ConnectionError):
                await reader.read()  # until the client is gone, or we are
            self.is_left.set()
            answering.cancel()


@asynccontextmanager
async def fake_server(models: object, answer: Answer | None = None) -> AsyncGenerator[FakeServer]:
    """Serves for the length of the block."""
    fake = FakeServer(models, answer=answer)
    serving: set[asyncio.Task[None]] = set()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.get_running_loop().create_task(fake.serve(reader, writer)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    fake.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield fake
    finally:
        server.close()
        if serving:
            await asyncio.wait(serving)


def plain(status: int, body: object, **headers: str) -> Answer:
    """A whole answer; a text goes as it is, anything else as JSON."""
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    kind = "text/html" if isinstance(body, str) else "application/json"
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = [f"HTTP/1.1 {status} Said", f"Content-Type: {kind}", f"Content-Length: {len(content)}", *lines]

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write("\r\n".join([*head, "Connection: close", "", ""]).encode() + content)
        writer.close()

    return answer


def stream(*events: object, then: Answer | None = None) -> Answer:
    """A stream of these events, and its end unless something else follows; a text goes as it is."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(head.encode())
        for event in events:
            frame = f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n".encode()
            writer.write(b"%x\r\n%b\r\n" % (len(frame), frame))
        await writer.drain()
        await (then or _end)(writer)

    return answer


async def _end(writer: asyncio.StreamWriter) -> None:
    writer.write(b"0\r\n\r\n")
    writer.close()


async def abort(writer: asyncio.StreamWriter) -> None:
    """Resets the connection."""
    writer.transport.abort()


async def silence(_: asyncio.StreamWriter) -> None:
    """Says nothing more."""
    await asyncio.Event().wait()


def endless(head: bytes, part: bytes) -> Answer:
    """Says the head, then the part, again and again, never quite silent."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)

    return answer


def text(*pieces: str, finish: str | None = "length", **more: object) -> Sequence[dict[str, object]]:
    """Chunks of a completion; the last one has the reason."""
    chunks = [{"choices": [{"index": 0, "text": piece, "finish_reason": None}], **more} for piece in pieces]
    return [*chunks, {"choices": [{"index": 0, "text": "", "finish_reason": finish}], **more}]
