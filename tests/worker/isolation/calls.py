"""The line on which jobs in other processes call the test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

SECONDS = 60.0  # how long a test waits for a fact before it fails


class Call:
    """A job's line to the test."""

    def __init__(self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pid = pid
        self._reader = reader
        self._writer = writer

    async def word(self) -> str:
        async with asyncio.timeout(SECONDS):
            return (await self._reader.readline()).decode().strip()

    def go_on(self) -> None:
        self._writer.write(b"\n")

    async def is_gone(self) -> bool:
        """Returns once no process holds the other end."""
        async with asyncio.timeout(SECONDS):
            with suppress(ConnectionError):
                while await self._reader.read(100):
                    pass
            return True

    def close(self) -> None:
        self._writer.close()


class Calls:
    """Where jobs call."""

    def __init__(self) -> None:
        self.port = 0
        self._waiting: asyncio.Queue[Call] = asyncio.Queue()
        self._taken: list[Call] = []

    @asynccontextmanager
    async def served(self) -> AsyncIterator["Calls"]:
        async with await asyncio.start_server(self._greet, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            yield self
            for call in self._taken:
                call.close()

    async def take(self) -> Call:
        async with asyncio.timeout(SECONDS):
            return await self._waiting.get()

    def all_are_taken(self) -> bool:
        return self._waiting.empty()

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        call = Call(int(await reader.readline()), reader, writer)
        self._taken.append(call)
        await self._waiting.put(call)
