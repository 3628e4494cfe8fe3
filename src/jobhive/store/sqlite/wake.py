"""Wake-ups between processes on one machine: a datagram to every socket in the store's wake folder."""

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from jobhive.failpoints import failpoint
from jobhive.store.signals import EVERYTHING

_SUFFIX = ".sock"
_LARGEST_DATAGRAM = 60_000
_GOODBYE = b"\0"
_MANY_DATAGRAMS = 8  # waiting together: a socket holds 11 where net.unix.max_dgram_qlen is 10, its usual value
_CLOCK_GRAIN_NS = 50_000_000  # a folder changed twice within the clock's grain shows one modification time


class WakeSocket:
    """This process' bell and its list of the others'. Open from `start` to `stop`; a lost datagram costs delay only."""

    def __init__(self, folder: Path, publish: Callable[[Collection[str]], None]) -> None:
        self._folder = folder
        self._publish = publish
        self._name = _new_name()
        self._socket: socket.socket | None = None  # bound while open
        self._folder_descriptor = -1  # open while the socket is
        self._prefix = str(folder)
        self._thread: threading.Thread | None = None
        self._peers: tuple[str, ...] = ()  # owned by the writer thread; names as of `_peers_seen_at`
        self._peers_seen_at = -1  # modification time of the folder when `_peers` was read

    def start(self) -> None:
        """Binds the socket and listens on a thread of its own."""
        self._folder_descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        if Path("/proc/self/fd").is_dir():  # a short way in: the folder's path may be longer than an address can be
            self._prefix = f"/proc/self/fd/{self._folder_descriptor}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        failpoint("wake.before_bind")
        self._socket.bind(self._address(self._name))
        failpoint("wake.bound")
        self._thread = threading.Thread(target=self._listen, args=(self._socket,), name="jobhive-wake", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Unbinds and ends the thread."""
        if self._socket is None or self._thread is None:
            return
        failpoint("wake.before_goodbye")
        self._socket.sendto(_GOODBYE, self._address(self._name))
        self._thread.join()
        failpoint("wake.before_unbind")
        (self._folder / self._name).unlink(missing_ok=True)
        self._socket.close()
        os.close(self._folder_descriptor)
        self._socket = self._thread = None

    def forget(self) -> None:
        """In a child: the socket is the original's, which goes on to listen on it."""
        if self._socket is not None:
            self._socket.close()
            os.close(self._folder_descriptor)
        self._socket = self._thread = None
        self._name = _new_name()

    def tell_others(self, topics: Collection[str]) -> None:
        """Wakes listeners in other processes. A wake-up that cannot be sent costs delay only."""
        peers = self._others()
        if not peers or self._socket is None:
            return
        message = "\n".join(topics).encode()
        if len(message) > _LARGEST_DATAGRAM:
            message = EVERYTHING.encode()
        for peer in peers:
            self._send(self._socket, peer, message)

    def _send(self, bell: socket.socket, peer: str, message: bytes) -> None:
        failpoint("wake.before_send")
        try:
            bell.sendto(message, socket.MSG_DONTWAIT, self._address(peer))
        except (ConnectionRefusedError, FileNotFoundError):
            self._forget(peer)
        except OSError:
            return  # its buffer is full; once it reads so many at once it looks at everything

    def _forget(self, peer: str) -> None:
        """Its process is gone."""
        failpoint("wake.before_forget")
        with suppress(OSError):  # it stays and is found gone again
            (self._folder / peer).unlink()

    def _others(self) -> tuple[str, ...]:
        seen_at = os.fstat(self._folder_descriptor).st_mtime_ns
        if seen_at != self._peers_seen_at:
            try:
                with os.scandir(self._folder_descriptor) as entries:
                    names = [entry.name for entry in entries]
            except OSError:  # such as no descriptor left
                return self._peers
            self._peers = tuple(name for name in names if name.endswith(_SUFFIX) and name != self._name)
            is_settled = time.time_ns() - seen_at > _CLOCK_GRAIN_NS
            self._peers_seen_at = seen_at if is_settled else -1
        return self._peers

    def _listen(self, bell: socket.socket) -> None:
        waiting = 0  # how many were read in a row without a wait
        while (message := self._next(bell, waiting)) != _GOODBYE:
            if message is None:
                waiting = 0
                continue
            failpoint("wake.heard")
            waiting += 1
            is_overrun = waiting % _MANY_DATAGRAMS == 0  # others may have found no room, and named other topics
            self._publish([EVERYTHING] if is_overrun else message.decode(errors="replace").split("\n"))

    def _next(self, bell: socket.socket, waiting: int) -> bytes | None:
        """The next datagram; None where none waits, after some that did."""
        try:
            return bell.recv(_LARGEST_DATAGRAM + 1, socket.MSG_DONTWAIT if waiting else 0)
        except BlockingIOError:
            return None

    def _address(self, name: str) -> str:
        return f"{self._prefix}/{name}"


def _new_name() -> str:
    return f"{os.getpid()}-{secrets.token_hex(4)}{_SUFFIX}"
