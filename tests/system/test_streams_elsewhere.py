"""A job runs on one machine, its reader sits at the server of another: nothing is shared but PostgreSQL."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import httpx2

from jobhive.testing import wait_for_job
from tests.api.wire import DONE, Frame, Stream
from tests.system.line import Line
from tests.system.machines import Machine
from tests.system.parted_jobs import FIRST, SECOND

_LEASE = timedelta(seconds=30)
_NUMBERS = 400
_MOST_FRAMES = 60  # then the reader's connection is dropped
_UNAVAILABLE = 503


async def test_a_reader_at_another_machine_sees_every_event_once(tmp_path: Path, postgres_url: str) -> None:  # I3, I8
    frames = await _read_elsewhere(tmp_path, postgres_url, cuts=0)
    _check(frames)


async def test_so_it_does_where_that_machine_loses_the_store_again_and_again(
    tmp_path: Path, postgres_url: str
) -> None:  # I3, P7
    frames = await _read_elsewhere(tmp_path, postgres_url, cuts=5)
    _check(frames)


async def _read_elsewhere(folder: Path, url: str, cuts: int) -> list[Frame]:
    go = folder / "go"
    async with Machine(folder, FIRST, url, lease=_LEASE) as first:
        handle = await first.app.enqueue("count", {"to": _NUMBERS, "go": str(go)})
        await wait_for_job(first.app.store, handle.id, lambda job: job.last_seq > 1, "it told nothing")
        async with Line(url) as line, Machine(folder, SECOND, url, line=line.url, lease=_LEASE) as second:
            await second.until_said("server", "listens")
            reader = _Reader(f"{second.server}/v1/jobs/{handle.id}/stream", line)
            await reader.read(_NUMBERS // 2)
            await asyncio.to_thread(go.touch)
            for part in range(1, cuts + 1):
                await reader.read(_NUMBERS // 2 + part * _NUMBERS // 2 // (cuts + 1), is_cut=True)
            await reader.read(_NUMBERS + 3)
    return reader.frames


def _check(frames: list[Frame]) -> None:
    """No gap, no repetition, the end once."""
    *told, done = frames
    assert done == Frame(None, DONE)
    assert [frame.id for frame in told] == list(range(1, _NUMBERS + 3))
    assert [frame.data["number"] for frame in told[1:-1]] == list(range(_NUMBERS))
    assert (told[0].data["type"], told[-1].data["type"], told[-1].data["result"]) == ("started", "end", FIRST)


class _Reader:
    """Reads a stream over many connections, each from where the one before it has ended."""

    def __init__(self, url: str, line: Line) -> None:
        self.frames: list[Frame] = []
        self._url = url
        self._line = line  # of the server that is asked

    async def read(self, count: int, *, is_cut: bool = False) -> None:
        """Reads on until there are so many frames; with `is_cut` the server loses the store in the middle of one."""
        async with httpx2.AsyncClient(timeout=60, trust_env=False) as client:
            while len(self.frames) < count:
                with suppress(
                    httpx2.TransportError, StopAsyncIteration
                ):  # the server ends streams that it cannot read on
                    await self._read_some(client, min(count - len(self.frames), _MOST_FRAMES), is_cut=is_cut)
                is_cut = False

    async def _read_some(self, client: httpx2.AsyncClient, most: int, *, is_cut: bool) -> None:
        seen = {"Last-Event-ID": str(self.frames[-1].id)} if self.frames else {}
        async with client.stream("GET", self._url, headers=seen) as response:
            if response.status_code == _UNAVAILABLE:
                return
            stream = Stream(response)
            for _ in range(most):
                self.frames.append(await anext(stream))
                if is_cut:
                    self._line.reset()
                    self._line.mend()
                    is_cut = False
