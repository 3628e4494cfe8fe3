"""A network of a test's own: a namespace per machine, each joined to that of PostgreSQL by a pair of interfaces."""

import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from tests import postgres

_STORE = "store"  # the namespace of PostgreSQL; in the others the interface that leads there
_TOOLS = ("ip", "setpriv", "ss")
_ALL = "10.213.0.0/16"  # addresses that exist in the namespaces only
# Longer than a cut, which may swallow the end of a connection: the server would wait for its client for two hours.
_KEEP_ALIVE = "-c tcp_keepalives_idle=60 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=5"


def obstacle() -> str | None:
    """Why no namespace can be made here, if so."""
    if not sys.platform.startswith("linux"):
        return "network namespaces are Linux's own"
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        return f"no {' and no '.join(missing)} on the PATH; install iproute2 and util-linux"
    probe = _named("probe")
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"no network namespace can be made here: {made.stderr.strip()}"
    _ip("netns", "del", probe)
    return None


class Network:
    """One namespace per machine and one for PostgreSQL, from the beginning to the end of the block."""

    def __init__(self, *machines: str) -> None:
        self._numbers = {name: number for number, name in enumerate(machines, 1)}
        self._made = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as made:
            for name in (_STORE, *self._numbers):
                _ip("netns", "add", _named(name))
                made.callback(_ip, "netns", "del", _named(name))
                _ip_in(name, "link", "set", "lo", "up")
            for machine in self._numbers:
                self._join(machine)
                made.callback(_ip_in, _STORE, "link", "del", machine)
            self._made = made.pop_all()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._made.close()

    def house(self, server: postgres.Server) -> None:
        """Starts a stopped server in its namespace. Its socket can be reached from everywhere, as files can."""
        server.admit(_ALL)
        addresses = ",".join(self._address_of_store(machine) for machine in self._numbers)
        unprivileged = ("setpriv", "--reuid", postgres.UNPRIVILEGED, "--clear-groups")
        server.start(f"-c listen_addresses={addresses} {_KEEP_ALIVE}", through=(*within(_STORE), *unprivileged))

    def url(self, machine: str) -> str:
        """The server's, for who is on this machine."""
        return f"postgresql://postgres@{self._address_of_store(machine)}/postgres"

    def address(self, machine: str) -> str:
        """The machine's own."""
        return f"10.213.{self._numbers[machine]}.2"

    def cut(self, machine: str) -> None:
        """Nothing passes any more between the machine and PostgreSQL, in neither direction; nobody is told."""
        _ip_in(_STORE, "link", "set", machine, "down")

    def mend(self, machine: str) -> None:
        """All passes again; what was not acknowledged is sent again when TCP thinks fit."""
        _ip_in(_STORE, "link", "set", machine, "up")

    def _join(self, machine: str) -> None:
        number, ours = self._numbers[machine], self._address_of_store(machine)
        ethernet = f"02:00:0a:d5:{number:02x}:01"
        ends = ("address", ethernet, "type", "veth", "peer", "name", _STORE, "netns", _named(machine))
        _ip_in(_STORE, "link", "add", machine, *ends)
        for namespace, interface, address in ((_STORE, machine, ours), (machine, _STORE, self.address(machine))):
            _ip_in(namespace, "address", "add", f"{address}/30", "dev", interface)
            _ip_in(namespace, "link", "set", interface, "up")
        # Else the machine asked for the server's in vain, and every new connection ended at once with an error.
        _ip_in(machine, "neighbour", "replace", ours, "lladdr", ethernet, "nud", "permanent", "dev", _STORE)

    def _address_of_store(self, machine: str) -> str:
        return f"10.213.{self._numbers[machine]}.1"


def within(name: str) -> tuple[str, ...]:
    """What starts a program in this namespace."""
    return ("ip", "netns", "exec", _named(name))


def unacknowledged(machine: str) -> int:
    """Bytes that its connections have sent, or still want to, beside the ends of those that were let go of."""
    command = [*within(machine), "ss", "-tnH", "state", "established", "state", "fin-wait-1"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return sum(max(int(line.split()[2]) - 1, 0) for line in told.splitlines())


def _named(name: str) -> str:
    return f"jobhive-{os.getpid()}-{name}"


def _ip_in(name: str, *arguments: str) -> None:
    _ip("-n", _named(name), *arguments)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
