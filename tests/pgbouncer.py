"""pgbouncer in transaction mode before a server: the one at `$JOBHIVE_TEST_PGBOUNCER`, else the one on the PATH."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from tests import postgres

GIVEN = "JOBHIVE_TEST_PGBOUNCER"
UNPREPARED = "statement_cache_size=0"  # what the URL has to say where pgbouncer knows no prepared statements
PREPARED = "listen=off"  # and where it does
IGNORING = "ignore_startup_parameters = idle_in_transaction_session_timeout"  # what it has to be told then
KNOWS_PREPARED = (1, 21)  # since this version
_DEADLINE_SECONDS = 20.0
_PORT = 6432  # only the name of its socket
_SETTINGS = """\
[databases]
postgres = {server}
[pgbouncer]
unix_socket_dir = {folder}
listen_port = {port}
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
server_login_retry = 1
idle_transaction_timeout = 10
max_client_conn = 500
{further}
"""


def program() -> str | None:
    """Where pgbouncer is, if anywhere."""
    return os.environ.get(GIVEN) or shutil.which("pgbouncer", path=os.pathsep.join([os.environ["PATH"], "/usr/sbin"]))


class Pooler:
    """A pgbouncer in a folder, which hands few connections of the server to many clients."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None  # while it runs
        self.address = f"postgresql://postgres@/postgres?host={folder}&port={_PORT}"

    @property
    def version(self) -> tuple[int, ...]:
        """Such as (1, 18, 0)."""
        told = subprocess.run([_found(), "--version"], check=True, capture_output=True, text=True).stdout
        return tuple(int(part) for part in told.split()[1].split("."))

    def configure(self, url: str, *settings: str, connections: int = 3) -> None:
        """Which server it stands before, and further lines. The search_path of the URL is then that of all clients."""
        text = _SETTINGS.format(
            server=_server(url), folder=self._folder, port=_PORT, connections=connections, further="\n".join(settings)
        )
        (self._folder / "ini").write_text(text)

    def start(self) -> None:
        """Returns once it answers."""
        command, is_root = [_found(), str(self._folder / "ini")], os.geteuid() == 0
        user, groups = postgres.UNPRIVILEGED if is_root else None, list[str]() if is_root else None
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, user=user, extra_groups=groups)
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while not self._answers():
            assert self._process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL: every client and every transaction under way is cut off."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """As after a crash; returns once it answers."""
        self.kill()
        self.start()

    @property
    def log(self) -> str:
        """What it has said."""
        return (self._folder / "log").read_text()

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(f"{self._folder}/.s.PGSQL.{_PORT}")
            except OSError:
                return False
        return True


def _found() -> str:
    found = program()
    if found is None:
        raise LookupError(f"no pgbouncer for the tests: install it, or name one in ${GIVEN}")
    return found


def _server(url: str) -> str:
    """A server's URL in pgbouncer's words."""
    parts, options = urlsplit(url), dict(parse_qsl(urlsplit(url).query))
    told = {
        "host": options.get("host") or parts.hostname,
        "port": parts.port,
        "user": parts.username,
        "password": parts.password,
        "dbname": parts.path.strip("/"),
    }
    words = [f"{name}={value}" for name, value in told.items() if value]
    if "search_path" in options:
        words.append(f"connect_query='SET search_path TO {options['search_path']}'")
    return " ".join(words)


@contextmanager
def own_pooler() -> Generator[Pooler]:
    """A pooler that is not yet configured, in a folder that an unprivileged user may use. It ends with the block."""
    with tempfile.TemporaryDirectory(prefix="jobhive-pgb-") as name:
        if os.geteuid() == 0:
            shutil.chown(name, postgres.UNPRIVILEGED)
        pooler = Pooler(Path(name))
        try:
            yield pooler
        finally:
            pooler.kill()
