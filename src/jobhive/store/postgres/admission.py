"""Which servers we open, and bringing their schema to ours. What is not ours stays untouched."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from jobhive.core.errors import StoreRefused
from jobhive.failpoints import failpoint
from jobhive.narration import narrate
from jobhive.store.port import Migration
from jobhive.store.postgres.statements import migrations

_OLDEST_SERVER = 140_000
_ENCODINGS = ("UTF8", "SQL_ASCII")  # the second looks at no byte
_ISOLATION = "read committed"  # what follows a lock has to see what its holder wrote
_FACTS = """
SELECT current_setting('server_version_num')::int, current_setting('server_version'), current_setting('fsync'),
       current_setting('synchronous_commit'), pg_is_in_recovery(), current_setting('transaction_read_only'),
       current_schema(), current_setting('autovacuum'), current_setting('server_encoding'),
       current_setting('transaction_isolation')
"""
_FOUND = """
SELECT to_regclass(quote_ident(current_schema()) || '.jobhive_schema') IS NOT NULL,
       to_regclass(quote_ident(current_schema()) || '.jobhive_job') IS NOT NULL
"""
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('jobhive_schema'), hashtext(current_schema()))"
_MAKE = """
CREATE TABLE jobhive_schema (version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT clock_timestamp())
"""
_GIVE_WAY = "SET LOCAL lock_timeout = '3s'"  # who waits for a table keeps everybody else off it
_MOST_SECONDS = 24 * 3_600.0  # for a migration, or for another machine's
_NOTE = "INSERT INTO jobhive_schema (version) VALUES ($1)"
_VERSION = "SELECT coalesce(max(version), 0) FROM jobhive_schema"


class _Server(NamedTuple):
    """What a server says of itself."""

    number: int
    version: str
    fsync: str
    synchronous_commit: str
    is_replica: bool
    read_only: str
    schema: str | None
    autovacuum: str
    encoding: str
    isolation: str


async def admit_server(connection: Any, url: str) -> None:
    """Raises StoreRefused for a server that cannot keep our promises; warns of one that only loosens them."""
    server = _Server._make(await connection.fetchrow(_FACTS))
    if server.number < _OLDEST_SERVER:
        raise StoreRefused(f"{url} is PostgreSQL {server.version}; Jobhive needs 14 or newer")
    if server.fsync != "on":
        raise StoreRefused(f"{url} runs with fsync=off, so a power cut destroys it; set fsync=on")
    if server.is_replica or server.read_only == "on":
        advice = "name the primary, or all hosts and target_session_attrs=read-write"
        raise StoreRefused(f"{url} only reads (a replica, or read-only by default); {advice}")
    if server.schema is None:
        raise StoreRefused(
            f"no schema of the search_path at {url} is there for us; make one with CREATE SCHEMA, or GRANT USAGE"
        )
    if server.encoding not in _ENCODINGS:
        advice = "make one with createdb --encoding=UTF8 --template=template0"
        raise StoreRefused(f"{url} is a database in {server.encoding}, which cannot hold every text; {advice}")
    if server.isolation != _ISOLATION:
        advice = f"ALTER ROLE … SET default_transaction_isolation = '{_ISOLATION}'"
        raise StoreRefused(f"{url} begins transactions at {server.isolation}, and ours need the default; {advice}")
    for sentence in _doubts(server):
        narrate("store", "warns of", url, sentence, level="warning")


def _doubts(server: _Server) -> Iterator[str]:
    if server.synchronous_commit == "off":
        yield "synchronous_commit=off: a crash of the server loses jobs that were acknowledged; set it on"
    if server.autovacuum == "off":
        yield "autovacuum=off: with every job that ends, claims take longer; set it on"


async def migrate(connection: Any, url: str) -> Sequence[Migration]:
    """Brings the schema to the newest version; returns what was missing. Raises StoreRefused for half a schema or a
    newer one.

    All of it is one transaction under a lock: killed anywhere, it leaves nothing, and many machines may come at once.
    """
    failpoint("migrate.before_begin")
    async with connection.transaction():
        await connection.fetchval(_LOCK, timeout=_MOST_SECONDS)
        failpoint("migrate.begun")
        version = await schema_version(connection, url)
        missing = migrations()[version:]
        if version == 0:
            await connection.execute(_MAKE)
        elif missing:
            await connection.execute(_GIVE_WAY)
        for number, migration in enumerate(missing, version + 1):
            await connection.execute(migration.sql, timeout=_MOST_SECONDS)
            await connection.execute(_NOTE, number)
        failpoint("migrate.before_commit")
    failpoint("migrate.committed")
    return missing


async def schema_version(connection: Any, url: str) -> int:
    """How many migrations the schema has. Raises StoreRefused for half a schema or a newer one."""
    is_noted, has_jobs = await connection.fetchrow(_FOUND)
    version: int = await connection.fetchval(_VERSION) if is_noted else 0
    if (is_noted or has_jobs) and not (version and has_jobs):
        raise StoreRefused(f"{url} holds half of our schema; restore a backup, or drop the tables jobhive_*")
    newest = len(migrations())
    if version > newest:
        raise StoreRefused(f"{url} has schema {version}, this Jobhive knows up to {newest}; upgrade Jobhive")
    return version
