"""The child process as its parent sees it: started, asked, heard, and ended for sure."""

import asyncio
import re
import signal
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from typing import Final, cast

from jobhive.kinds.inference.backend import EngineCrashed, ModelUnavailable
from jobhive.kinds.inference.exchange import Exchange, Gone
from jobhive.kinds.inference.wire import (
    Cancel,
    Cancelled,
    Ended,
    EngineOptions,
    Failed,
    Garbled,
    Generate,
    Generated,
    LoadFailed,
    Order,
    Ready,
    Reply,
    packed,
    reply_in,
)

GRACE_SECONDS: Final = 2.0  # between closing its pipe and SIGTERM, and from there to SIGKILL

_PROGRAM: Final = (sys.executable, "-P", "-m", "jobhive.kinds.inference.child")
_STDIN: Final = 0
_STDERR: Final = 2

_KEPT_BYTES: Final = 8192
_QUOTED_LINES: Final = 2
_STAMP: Final = re.compile(r"^[\d.]+ [A-Z] +")
_HINTS: Final = {  # by signal
    int(signal.SIGKILL): ", perhaps because the system ran out of memory",
    int(signal.SIGILL): ", perhaps because this processor lacks AVX2, which xllamacpp needs",
}


class EngineProcess(asyncio.SubprocessProtocol):
    """One child, from its start to its end; the next one is another EngineProcess."""

    _transport: asyncio.SubprocessTransport  # set by the loop before anything else is called

    @classmethod
    async def spawn(cls, options: EngineOptions) -> "EngineProcess":
        """Returns as soon as the process exists; `ready` waits for its model."""
        arguments = *_PROGRAM, packed(options).decode().strip()
        with _interrupts_held_back():
            _, process = await asyncio.get_running_loop().subprocess_exec(lambda: cls(options.model_path), *arguments)
        return process

    def __init__(self, model_path: str) -> None:
        self._model_path = model_path
        self._numbers = count(1)
        self._exchanges: dict[int, Exchange] = {}  # not over yet
        self._unread = b""  # the beginning of a line
        self._printed = b""  # to explain its end
        self._refusal: str | None = None  # why it has no model
        self._epitaph: str | None = None  # set at its end
        self._settled = asyncio.Event()  # it is ready, or gone
        self._gone = asyncio.Event()

    @property
    def pid(self) -> int:
        return self._transport.get_pid()

    @property
    def is_gone(self) -> bool:
        return self._gone.is_set()

    async def ready(self) -> None:
        """Waits until the model is loaded. Raises ModelUnavailable, EngineCrashed."""
        await self._settled.wait()
        if self._refusal is not None:
            reason = self._refusal + _quoted(self._printed)
            raise ModelUnavailable(f"the model {self._model_path} cannot be loaded: {reason}")
        if self._epitaph is not None:
            raise EngineCrashed(self._epitaph)

    def begin(self, body: str, stops: Sequence[str], on_over: Callable[[], None]) -> Exchange:
        """Sends a request to the ready process; `on_over` is called when its slot is free."""
        request_id = next(self._numbers)
        exchange = Exchange(partial(self._send, Cancel(request_id)), on_over)
        self._exchanges[request_id] = exchange
        self._send(Generate(request_id, body, stops))
        return exchange

    async def end(self) -> None:
        """Returns once the process is gone."""
        self._stdin().close()
        for hurry in (self._transport.terminate, self._transport.kill):
            if await self._is_gone_in_time():
                return
            with suppress(ProcessLookupError):
                hurry()
        await self._gone.wait()

    async def _is_gone_in_time(self) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS):
                await self._gone.wait()
        return self.is_gone

    def _send(self, order: Order) -> None:
        self._stdin().write(packed(order))

    def _stdin(self) -> asyncio.WriteTransport:
        return cast(asyncio.WriteTransport, self._transport.get_pipe_transport(_STDIN))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.SubprocessTransport, transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == _STDERR:
            self._printed = (self._printed + data)[-_KEPT_BYTES:]
            return
        *lines, self._unread = (self._unread + data).split(b"\n")
        try:
            for line in lines:
                self._hear(reply_in(line))
        except Garbled as error:
            self._printed += str(error).encode()
            self._transport.kill()

    def _hear(self, reply: Reply) -> None:
        match reply:
            case Ready():
                self._settled.set()
            case LoadFailed(message):
                self._refusal = message
            case Generated(request_id):
                self._exchanges[request_id].hear(reply)
            case Ended(request_id) | Failed(request_id) | Cancelled(request_id):
                self._exchanges.pop(request_id).hear(reply)

    def connection_lost(self, exc: Exception | None) -> None:
        """The process has ended and all it said has been heard."""
        self._epitaph = self._described_end()
        self._transport.close()
        self._gone.set()
        self._settled.set()
        while self._exchanges:
            _, exchange = self._exchanges.popitem()
            exchange.hear(Gone(self._epitaph))

    def _described_end(self) -> str:
        status = self._transport.get_returncode() or 0
        end = f"was ended by {_signal_name(-status)}" if status < 0 else f"exited with status {status}"
        return f"the inference process (pid {self.pid}) {end}{_HINTS.get(-status, '')}{_quoted(self._printed)}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time one
        return f"signal {number}"


def _quoted(printed: bytes) -> str:
    """The first lines that the engine printed, without its time stamps, as the end of a sentence."""
    lines = printed.decode(errors="replace").splitlines()[:_QUOTED_LINES]
    said = "; ".join(_STAMP.sub("", line) for line in lines)
    return said and f"; it said: {said}"


@contextmanager
def _interrupts_held_back() -> Generator[None]:
    """The child starts with SIGINT blocked: Ctrl-C in the moment before it ignores it would end it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
