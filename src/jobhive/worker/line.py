"""The line between a supervisor and a process that it started: one JSON object each way a line."""

import asyncio
import socket
from datetime import timedelta
from typing import Annotated, Literal, NamedTuple, TypeAlias

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic_core import to_json

from jobhive.narration import narrate

_MOST_AT_ONCE = 1 << 18  # bytes
_REPORTS_PER_LEASE = 30
_LONGEST_SECONDS_BETWEEN_REPORTS = 1.0


def seconds_between_reports(lease: timedelta) -> float:
    """How often a process tells all that it holds."""
    return min(lease.total_seconds() / _REPORTS_PER_LEASE, _LONGEST_SECONDS_BETWEEN_REPORTS)


class Orders(NamedTuple):
    """What a supervisor wants of a process that it starts; told in its environment."""

    worker_id: str  # by which the supervisor will know the process' jobs
    supervisor_id: str  # whose sign of life says that it will take these jobs back
    is_solo: bool  # the process is to run suspects, one at a time, until none is left
    line: int  # descriptor of the process' end


Limit: TypeAlias = Literal["timeout", "stall"]


class Due(NamedTuple):
    """When an attempt should have ended at the latest."""

    at: float  # seconds of the monotonic clock, which all processes of a machine share
    limit: Limit  # of its kind, passed then


# ---- the process says ----------------------------------------------------------------------------------------


class Ready(BaseModel):
    """From now on an error is no failure to start."""

    say: Literal["ready"] = "ready"


class Claimed(BaseModel):
    """More jobs are held; said before any of their handlers is called."""

    say: Literal["claimed"] = "claimed"
    tokens: dict[str, int]  # by job id
    due: dict[str, Due]  # of those that have such a time


class Held(BaseModel):
    """All jobs that are held."""

    say: Literal["held"] = "held"
    tokens: dict[str, int]
    due: dict[str, Due]


class Recycling(BaseModel):
    """The process will end, and wants to be replaced."""

    say: Literal["recycling"] = "recycling"
    why: str


# ---- the supervisor says -------------------------------------------------------------------------------------


class Renewed(BaseModel):
    """The leases of all jobs that the supervisor knew of were renewed, but for the lost ones."""

    say: Literal["renewed"] = "renewed"
    began: float  # when the renewal began; seconds of the monotonic clock
    lost: dict[str, int]  # tokens by job id


Report: TypeAlias = Ready | Claimed | Held | Recycling

ORDERS = TypeAdapter(Orders)
RENEWALS = TypeAdapter(Renewed)
_REPORTS = TypeAdapter[Report](Annotated[Report, Field(discriminator="say")])
_CLAIMED = b'{"say":"claimed",'


def tells_of_claims(line: bytes) -> bool:
    """Whether it is a `Claimed`, as far as can be seen without reading it."""
    return line.startswith(_CLAIMED)


def read_report(line: bytes, name: str) -> Report | None:
    """What the process of this name says; None where a handler has written on the line, which is narrated."""
    try:
        return _REPORTS.validate_json(line)
    except ValidationError as error:
        narrate("supervisor", "ignores", name, f"no report: {error}", level="warning")
        return None


class Line:
    """One end. Belongs to one event loop, which others may not block for long: the other end waits to be heard."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self.is_closed = False  # the other end is gone; set by `heard`
        self._socket = end
        self._rest = b""  # of a line that has come in part
        self._saying = asyncio.Lock()  # held while a line is written

    def fileno(self) -> int:
        """For the loop to watch."""
        return self._socket.fileno()

    def heard(self) -> list[bytes]:
        """The lines that have come since the last call."""
        parts = [self._rest]
        while not self.is_closed and (part := self._received()) is not None:
            parts.append(part)
        *lines, self._rest = b"".join(parts).split(b"\n")
        return lines

    def _received(self) -> bytes | None:
        """Some bytes, or None for now."""
        try:
            part = self._socket.recv(_MOST_AT_ONCE)
        except BlockingIOError:
            return None
        except OSError:  # reset
            part = b""
        self.is_closed = not part
        return part

    async def say(self, message: Report | Renewed) -> None:
        """Returns once the line is on its way. Nobody hears it where the other end is gone."""
        line = to_json(message) + b"\n"
        async with self._saying:
            try:
                sent = self._send(line)
                if sent < len(line):
                    await asyncio.get_running_loop().sock_sendall(self._socket, line[sent:])
            except OSError:  # whoever listens on this end sees it
                return

    def _send(self, line: bytes) -> int:
        try:
            return self._socket.send(line)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        """The other end sees it."""
        self._socket.close()
