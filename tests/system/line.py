"""The network between one machine and its PostgreSQL: a line that can be cut, and mended."""

import asyncio
import socket
import struct
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_PART = 65_536  # bytes read at once
_DEFAULT_PORT = 5432
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Line:
    """Passes on what comes, from the beginning to the end of the block. `url` leads through it to the server of `url`.

    What is under way when the line falls silent arrives late, as from a network that was parted; also what a program
    sent that has let go of its connection meanwhile.
    """

    def __init__(self, url: str) -> None:
        self._target = url
        self.url = ""  # through the line, once it is open
        self.held = 0  # bytes that wait for the end of a silence, or waited for one
        self._is_open = asyncio.Event()  # set while bytes pass
        self._is_refusing = False
        self._ends: set[asyncio.StreamWriter] = set()  # both of every connection
        self._serving: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._is_open.set()
        self._listening = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = _through(self._target, self._listening.sockets[0].getsockname()[1])
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        assert self._listening is not None
        self._listening.close()
        self.reset()
        await self.ended()

    async def ended(self) -> None:
        """Returns once every connection has ended and what it carried was passed on."""
        if self._serving:
            await asyncio.wait(self._serving)

    def silence(self) -> None:
        """Nothing passes any more, in neither direction; nobody is told."""
        self._is_open.clear()

    def reset(self) -> None:
        """Every connection ends with an error, and so does every new one."""
        self._is_refusing = True
        self._is_open.set()
        for end in list(self._ends):
            _abort(end)

    def mend(self) -> None:
        """All passes again, what was held first."""
        self._is_refusing = False
        self._is_open.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            await self._is_open.wait()
            if self._is_refusing:
                _abort(writer)
            else:
                await self._connect(reader, writer)
        finally:
            self._serving.discard(task)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await _opened(self._target)
        self._ends |= {writer, server_writer}
        await asyncio.gather(self._pass_on(reader, server_writer), self._pass_on(server_reader, writer))
        self._ends -= {writer, server_writer}

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while part := await reader.read(_PART):
                self.held += 0 if self._is_open.is_set() else len(part)
                await self._is_open.wait()
                writer.write(part)
                await writer.drain()
            await self._is_open.wait()
        except ConnectionError:
            pass
        finally:
            writer.close()


def _abort(end: asyncio.StreamWriter) -> None:
    end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    end.transport.abort()


def _through(url: str, port: int) -> str:
    """The URL with our end in place of the server's."""
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    options = [(name, value) for name, value in parse_qsl(parts.query) if name != "host"]
    netloc = f"{user}@127.0.0.1:{port}" if user else f"127.0.0.1:{port}"
    return urlunsplit(parts._replace(netloc=netloc, query=urlencode(options)))


async def _opened(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    folder = dict(parse_qsl(parts.query)).get("host", "")
    if folder.startswith("/"):
        return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{parts.port or _DEFAULT_PORT}")
    return await asyncio.open_connection(parts.hostname or folder or "127.0.0.1", parts.port or _DEFAULT_PORT)
