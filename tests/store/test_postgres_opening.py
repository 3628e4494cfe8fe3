"""Opening a PostgreSQL: what is admitted, how the schema comes, and what is said of trouble."""

import asyncio
import gc
import threading
import weakref
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from jobhive.app.locate import store_at
from jobhive.core.errors import StoreError, StoreFull, StoreRefused, StoreUnavailable, WrongStoreUrl
from jobhive.settings import load_settings
from jobhive.store.port import Migration
from jobhive.store.postgres import PostgresStore, admission, wake
from jobhive.store.postgres.address import Address, address_of
from jobhive.store.postgres.connection import LIMIT_OF_IDLENESS, connected, open_listener
from jobhive.store.postgres.pooler import admit_pooler
from jobhive.store.postgres.statements import migrations
from jobhive.store.postgres.trouble import translate
from jobhive.store.signals import EVERYTHING, queue_topic
from jobhive.testing import asking, complete, insert_one, new_job, start_one
from tests import postgres
from tests.cli.program import jobhive

DEADLINE_SECONDS = 20.0
_REFUSED = "unsupported startup parameter"


async def _open_and_close(url: str) -> None:
    store = postgres.store(url)
    await store.open()
    await store.close()


# ---- the schema ----------------------------------------------------------------------------------------------------


async def test_many_machines_may_migrate_at_once(schema: str, connection: Any) -> None:  # P24
    await asyncio.gather(*(_open_and_close(schema) for _ in range(6)))
    versions = [row[0] for row in await connection.fetch("SELECT version FROM jobhive_schema ORDER BY version")]
    assert versions == list(range(1, len(migrations()) + 1))


async def test_a_migration_that_is_cut_off_leaves_nothing(
    schema: str, connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:  # P24
    whole, fatal = migrations(), Migration("9999_fatal", "SELECT pg_terminate_backend(pg_backend_pid())")
    monkeypatch.setattr(admission, "migrations", lambda: (*whole, fatal))
    with pytest.raises(StoreUnavailable):
        await _open_and_close(schema)
    ours = "SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
    assert await connection.fetchval(ours) == 0
    monkeypatch.undo()
    await _open_and_close(schema)


async def test_a_newer_schema_is_refused_and_stays(schema: str, connection: Any) -> None:  # P24
    await _open_and_close(schema)
    await connection.execute("INSERT INTO jobhive_schema (version) VALUES (99)")
    with pytest.raises(StoreRefused, match=r"schema 99.*upgrade Jobhive"):
        await _open_and_close(schema)


@pytest.mark.parametrize("table", ["jobhive_schema", "jobhive_job"])
async def test_half_a_schema_is_refused(schema: str, connection: Any, table: str) -> None:
    await _open_and_close(schema)
    await connection.execute(f"DROP TABLE {table} CASCADE")
    with pytest.raises(StoreRefused, match="half of our schema"):
        await _open_and_close(schema)


async def test_doctor_looks_at_an_older_schema_and_leaves_it(schema: str, monkeypatch: pytest.MonkeyPatch) -> None:
    older = migrations()[:-1]
    monkeypatch.setattr(admission, "migrations", lambda: older)
    await _open_and_close(schema)
    for _ in range(2):
        done = await asyncio.to_thread(jobhive, "doctor", changes={"JOBHIVE_URL": schema})
        assert (
            f"has schema {len(older)}; the next start, or `jobhive db migrate`, brings it to {len(older) + 1}"
            in done.out
        )


async def test_a_schema_is_looked_for_where_it_would_be_made(schema: str, connection: Any) -> None:
    """And not in the next one of the search_path, where another application has its own."""
    await _open_and_close(schema)
    ours, theirs = f"ours_{uuid4().hex}", await connection.fetchval("SELECT current_schema()")
    await connection.execute(f"CREATE SCHEMA {ours}")
    url = postgres.with_options(schema, search_path=f"{ours},{theirs}")
    assert await postgres.store(url).schema.version() == 0
    await _open_and_close(url)
    assert await postgres.store(url).schema.version() == len(migrations())
    assert await connection.fetchval(f"SELECT to_regclass('{ours}.jobhive_job') IS NOT NULL")
    await connection.execute(f"DROP SCHEMA {ours} CASCADE")


async def test_a_schema_may_have_any_name(schema: str, connection: Any, tmp_path: Path) -> None:
    name = f"My.Schema {uuid4().hex}"
    await connection.execute(f'CREATE SCHEMA "{name}"')
    store = postgres.store(postgres.with_options(schema, search_path=f'"{name}"'))
    await store.open()
    await insert_one(store)
    assert (await store.sizes())["jobhive_job"] > 0
    await store.backup(tmp_path / "copy")
    await store.close()
    await connection.execute(f'DROP SCHEMA "{name}" CASCADE')


async def test_a_migration_gives_way_to_who_holds_a_table(
    schema: str, connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _open_and_close(schema)
    whole, change = migrations(), Migration("9999_change", "LOCK TABLE jobhive_job")
    monkeypatch.setattr(admission, "migrations", lambda: (*whole, change))
    async with connection.transaction():
        await connection.execute("LOCK TABLE jobhive_job IN ACCESS SHARE MODE")
        with pytest.raises(StoreUnavailable, match="somebody else holds a table"):
            await _open_and_close(schema)
    await _open_and_close(schema)


async def test_sealing_gives_way_to_who_holds_the_log(postgres_url: str) -> None:
    store = postgres.store(postgres_url)
    await store.open()
    await store.jobs.pause("mail", is_paused=True, by="somebody")
    async with connected(address_of(postgres_url)) as holder, holder.transaction():
        await holder.execute("LOCK TABLE jobhive_audit IN SHARE UPDATE EXCLUSIVE MODE")  # as a vacuum does
        with pytest.raises(StoreUnavailable, match="somebody else holds a table"):
            await store.audit.seal(10)
    assert await store.audit.seal(10) == 1
    await store.close()


async def test_a_schema_that_goes_under_us_is_told(schema: str, connection: Any) -> None:
    store = postgres.store(schema)
    await store.open()
    await connection.execute("DROP TABLE jobhive_job CASCADE")
    with pytest.raises(StoreRefused, match="not whole"):
        await store.jobs.insert([new_job()])
    await store.close()


async def test_a_schema_is_looked_at_without_making_it(schema: str, connection: Any) -> None:
    store = postgres.store(schema)
    assert await store.schema.version() == 0
    assert await store.sizes() == {}
    ours = "SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
    assert await connection.fetchval(ours) == 0
    assert list(await store.schema.migrate()) == list(migrations())
    assert await store.schema.version() == len(migrations())
    assert list(await store.schema.migrate()) == []
    assert (await store.sizes())["jobhive_job"] > 0


# ---- servers and addresses -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"default_transaction_read_only": "on"}, "only reads"),
        ({"search_path": "nowhere"}, "no schema of the search_path"),
        ({"statement_cache_size": "many"}, "whole number from 0"),
        ({"pool_size": "1"}, "whole number from 2"),
        ({"listen": "perhaps"}, "neither `on` nor `off`"),
        ({"sslmode": "nonsense"}, "URL"),
    ],
)
async def test_what_cannot_serve_is_refused(schema: str, options: dict[str, str], complaint: str) -> None:
    with pytest.raises(StoreRefused, match=complaint):
        await _open_and_close(postgres.with_options(schema, **options))


async def test_a_database_that_is_not_there_is_told(schema: str) -> None:
    with pytest.raises(StoreRefused, match="no database that exists"):
        await _open_and_close(urlsplit(schema)._replace(path="/no_such_database").geturl())


async def test_nobody_at_the_address_is_told() -> None:
    with pytest.raises(StoreUnavailable, match="is PostgreSQL up"):
        await _open_and_close("postgresql://postgres:secret@127.0.0.1:1/none")


async def test_an_option_that_nobody_knows_is_told(schema: str) -> None:
    with pytest.raises(WrongStoreUrl, match=r'"pool_sise".* is it misspelt'):
        await _open_and_close(postgres.with_options(schema, pool_sise="3"))


async def test_servers_that_are_not_what_the_address_asks_for_are_told(schema: str) -> None:
    with pytest.raises(StoreUnavailable, match="what its target_session_attrs asks for"):
        await _open_and_close(postgres.with_options(schema, target_session_attrs="standby"))


async def test_a_server_that_only_reads_from_now_on_is_not_well(postgres_url: str) -> None:
    role = f"reader_{uuid4().hex}"
    async with connected(address_of(postgres_url)) as connection:
        await connection.execute(f"CREATE ROLE {role} LOGIN SUPERUSER")
        address = urlsplit(postgres_url)
        store = postgres.store(address._replace(netloc=f"{role}@{address.netloc.rpartition('@')[2]}").geturl())
        await store.open()
        assert (await store.check())["write"] == "ok"
        await connection.execute(f"ALTER ROLE {role} SET default_transaction_read_only = on")
        await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", role)
        with pytest.raises(StoreUnavailable, match="only reads now"):
            await _answer_of(store)
        await store.close()
        await connection.execute(f"DROP ROLE {role}")


async def _answer_of(store: PostgresStore) -> None:
    """Past the connections that were just cut."""
    while True:
        try:
            await store.check()
        except StoreUnavailable as error:
            if "only reads" in str(error):
                raise
        else:
            return


HEALTHY = (150_000, "15.1", "on", "on", False, "off", "public", "on", "UTF8", "read committed")


class _Server:
    """A connection whose server says this of itself."""

    def __init__(self, *facts: object) -> None:
        self._facts = facts

    async def fetchrow(self, _: str) -> tuple[object, ...]:
        return self._facts


@pytest.mark.parametrize(
    ("place", "fact", "complaint"),
    [
        (0, 130_000, "needs 14"),
        (2, "off", "fsync=off"),
        (4, True, "only reads"),
        (5, "on", "only reads"),
        (6, None, "search_path"),
        (8, "WIN1252", "createdb --encoding=UTF8"),
        (9, "repeatable read", "default_transaction_isolation = 'read committed'"),
    ],
)
async def test_a_server_that_breaks_promises_is_refused(place: int, fact: object, complaint: str) -> None:  # P2
    with pytest.raises(StoreRefused, match=complaint):
        await admission.admit_server(_Server(*HEALTHY[:place], fact, *HEALTHY[place + 1 :]), "postgresql://h/d")


@pytest.mark.parametrize(("place", "warning"), [(3, "synchronous_commit=off"), (7, "autovacuum=off")])
async def test_a_server_that_only_loosens_promises_is_warned_of(
    caplog: pytest.LogCaptureFixture, place: int, warning: str
) -> None:  # P2
    await admission.admit_server(_Server(*HEALTHY), "postgresql://h/d")
    assert not caplog.records
    await admission.admit_server(_Server(*HEALTHY[:place], "off", *HEALTHY[place + 1 :]), "postgresql://h/d")
    assert warning in caplog.text


@pytest.mark.parametrize(
    ("error", "kind", "advice"),
    [
        (asyncpg.InvalidPasswordError("no"), StoreRefused, "check user and password"),
        (asyncpg.TooManyConnectionsError("no"), StoreUnavailable, "max_connections"),
        (asyncpg.DiskFullError("no"), StoreFull, "free some"),
        (asyncpg.CannotConnectNowError("starting"), StoreUnavailable, "for the moment"),
        (asyncpg.AdminShutdownError("bye"), StoreUnavailable, "for the moment"),
        (asyncpg.ReadOnlySQLTransactionError("no"), StoreUnavailable, "target_session_attrs"),
        (asyncpg.InsufficientPrivilegeError("no"), StoreRefused, "CREATE on the schema"),
        (asyncpg.InvalidSQLStatementNameError("no"), StoreRefused, "statement_cache_size=0"),
        (asyncpg.DuplicatePreparedStatementError("no"), StoreRefused, "statement_cache_size=0"),
        (
            asyncpg.ProtocolViolationError("bind message supplies 2 parameters, …"),
            StoreRefused,
            "statement_cache_size=0",
        ),
        (asyncpg.ProtocolViolationError(f"{_REFUSED}: {LIMIT_OF_IDLENESS}"), StoreRefused, "statement_cache_size=0"),
        (asyncpg.ProtocolViolationError(f"{_REFUSED}: search_path"), StoreRefused, "ALTER ROLE"),
        (asyncpg.ProtocolViolationError("pgbouncer cannot connect to server"), StoreUnavailable, "for the moment"),
        (asyncpg.SyntaxOrAccessError("no"), StoreError, "refused a statement"),
        (asyncpg.InterfaceError("cut"), StoreUnavailable, "is PostgreSQL up"),
        (ConnectionResetError(), StoreUnavailable, "ConnectionResetError"),
        (TimeoutError(), StoreUnavailable, "TimeoutError"),
    ],
)
def test_trouble_says_what_to_do(error: Exception, kind: type[StoreError], advice: str) -> None:
    told = translate(error, address_of("postgresql://me:secret@host/base"))
    assert type(told) is kind
    assert advice in str(told)
    assert "postgresql://me@host/base" in str(told)


async def test_a_value_that_cannot_be_stored_is_no_outage(postgres_url: str) -> None:
    store = postgres.store(postgres_url)
    await store.open()
    with pytest.raises(StoreError, match="invalid input") as refusal:
        await store.jobs.insert([new_job(priority=1 << 70)])
    assert type(refusal.value) is StoreError
    await store.close()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgres://u:p%40ss@h/d", "postgresql://u@h/d"),
        (
            "postgresql://u:p@h1:1,h2:2/d?target_session_attrs=read-write",
            "postgresql://u@h1:1,h2:2/d?target_session_attrs=read-write",
        ),
        ("postgresql://u@h?dbname=d&application_name=x", "postgresql://u@h/d?application_name=x"),
        ("postgresql://u@h/other?database=d", "postgresql://u@h/d"),
        ("postgresql:///d?host=/run/x&user=u&password=secret&pool_size=3", "postgresql:///d?host=/run/x&user=u"),
    ],
)
def test_a_url_is_shown_without_secrets_and_without_our_options(url: str, shown: str) -> None:
    store = store_at(load_settings(url=url, lease=9))
    assert isinstance(store, PostgresStore)
    assert store.lease == timedelta(seconds=9)
    assert store.url == shown
    assert "pool_size" not in address_of(url).dsn


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:SECR@ET@h/d",
        "postgresql://me:SECR/ET@h/d",
        "postgresql://me:SECR?ET@h/d",
        "postgresql://me:SECR#ET@h/d",
    ],
)
def test_a_password_that_ends_the_address_is_refused_and_told_in_no_part(url: str) -> None:
    with pytest.raises(WrongStoreUrl, match="%-encoded") as refusal:
        address_of(url)
    assert not any(part in str(refusal.value) for part in ("SECR", "ET@"))


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("postgresql://h:abc/d", "port 'abc'"),
        ("postgresql://h1,h2:99999/d", "port '99999' in the store's URL is no number from 1 to 65535"),
        ("postgresql://[::1:5432/d", "cannot be read"),
        ("postgresql://h/d?target_session_attrs=readwrite", "none of any, primary, standby, read-write"),
        ("postgresql://h/d?connect_timeout=0", "whole number from 1"),
        ("mysql://h/d", "no PostgreSQL URL"),
    ],
)
def test_an_address_that_is_none_is_told_before_anything_is_opened(url: str, complaint: str) -> None:
    with pytest.raises(WrongStoreUrl, match=complaint):
        address_of(url)


def test_each_database_has_a_folder_of_its_own() -> None:
    same = ["postgresql://h:1/d", "postgresql://u:p@h:1/d?pool_size=3", "postgresql://u:a:b@h:1/d"]
    others = ["postgresql://h:1/e", "postgresql://h:2/d", "postgresql://h:1/d?search_path=s"]
    by_options = ["postgresql:///d?host=h", "postgresql:///d?host=i", "postgresql:///d?host=h&port=2"]
    assert len({address_of(url).name for url in same}) == 1
    assert len({address_of(url).name for url in (same[0], *others, *by_options)}) == 7


# ---- poolers, lost connections, wake-ups ---------------------------------------------------------------------------


async def test_without_prepared_statements_and_listening_all_works(postgres_url: str) -> None:
    store = postgres.store(postgres.with_options(postgres_url, statement_cache_size="0"))
    await store.open()
    claim = await start_one(store)
    await insert_one(store)
    assert len(await store.jobs.claim(asking())) == 1
    assert await store.jobs.finish([complete(claim)]) == [claim.job_id]
    await store.close()


async def test_a_pooler_that_leaves_the_search_path_out_is_refused(postgres_url: str) -> None:
    other = address_of(postgres_url.replace("search_path=", "search_path=other_"))
    async with connected(address_of(postgres_url)) as connection:
        with pytest.raises(StoreRefused, match=r"left search_path=other_test_.* out"):
            await admit_pooler(connection, other)


async def test_a_process_that_stands_still_in_mid_transaction_keeps_its_locks_for_seconds_only(  # P4
    postgres_url: str,
) -> None:
    async with connected(address_of(postgres_url)) as connection:
        assert await connection.fetchval("SHOW idle_in_transaction_session_timeout") == "10s"


async def test_connections_that_were_cut_come_again(postgres_url: str) -> None:  # P7
    name = f"cut_{uuid4().hex}"  # other tests have theirs on the same server
    store = postgres.store(postgres.with_options(postgres_url, application_name=name))
    await store.open()
    await insert_one(store)
    with store.signals.listen(EVERYTHING) as wake_up:
        with postgres.connected(postgres_url) as connection:
            ours = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
            assert len(connection.execute(ours, (name,)).fetchall()) >= 2  # one works, one listens
        assert await wake_up.wait(DEADLINE_SECONDS)  # it listens again
    while True:
        try:
            await insert_one(store)
        except StoreUnavailable:
            continue
        break
    assert len(await store.jobs.claim(asking())) == 2
    await store.close()


async def test_a_store_that_everybody_forgets_stays_until_it_is_closed(postgres_url: str) -> None:
    """Else the garbage collector would end its connections, in whichever thread it runs, and with them the process."""
    store = postgres.store(postgres_url)
    await store.open()
    kept = weakref.ref(store)
    del store
    gc.collect()
    forgotten = kept()
    assert forgotten is not None
    await forgotten.close()


async def test_a_wake_up_that_could_not_be_told_is_told_again(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures, notifying = [StoreUnavailable("cut")], wake._notifying

    async def fail(_: object) -> None:
        raise failures.pop()

    monkeypatch.setattr(wake, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(wake, "_notifying", lambda *told: fail if failures else notifying(*told))
    teller, hearer = postgres.store(postgres_url), postgres.store(postgres_url)
    await teller.open()
    await hearer.open()
    with hearer.signals.listen(queue_topic("default")) as wake_up:
        await insert_one(teller)
        assert await wake_up.wait(DEADLINE_SECONDS)
    await teller.close()
    await hearer.close()


async def test_who_could_tell_but_not_hear_looks_at_everything_once_he_hears(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures, may_hear = [OSError("no room")], threading.Event()

    async def listen_late(address: Address) -> Any:
        if failures:
            raise failures.pop()
        await asyncio.to_thread(may_hear.wait, DEADLINE_SECONDS)
        return await open_listener(address)

    deaf, other = postgres.store(postgres_url), postgres.store(postgres_url)
    await other.open()
    monkeypatch.setattr(wake, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(wake, "open_listener", listen_late)
    await deaf.open()
    with other.signals.listen(queue_topic("default")) as heard, deaf.signals.listen(queue_topic("else")) as missed:
        await insert_one(deaf)
        assert await heard.wait(DEADLINE_SECONDS)
        may_hear.set()
        assert await missed.wait(DEADLINE_SECONDS)
    await deaf.close()
    await other.close()


def test_topics_are_told_in_as_few_messages_as_hold_them() -> None:
    topics = [queue_topic(uuid4().hex) for _ in range(500)]
    messages = wake._messages("me", topics)
    assert all(len(message.encode()) < 8_000 and message.startswith("me\n") for message in messages)
    assert sorted(topic for message in messages for topic in message.split("\n")[1:]) == sorted(topics)
    assert len(messages) < 5
    assert wake._messages("me", [queue_topic(uuid4().hex) for _ in range(50_000)]) == [f"me\n{EVERYTHING}"]
