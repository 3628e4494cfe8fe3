"""Opening a PostgreSQL: which servers are admitted, and what is said of trouble."""

from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from jobhive.core.errors import StoreError, StoreFull, StoreRefused, StoreUnavailable, WrongStoreUrl
from jobhive.store.postgres import PostgresStore, admission
from jobhive.store.postgres.address import address_of
from jobhive.store.postgres.connection import LIMIT_OF_IDLENESS, connected
from jobhive.store.postgres.trouble import translate
from jobhive.testing import new_job
from tests import postgres

_REFUSED = "unsupported startup parameter"


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
        await postgres.open_and_close(postgres.with_options(schema, **options))


async def test_a_database_that_is_not_there_is_told(schema: str) -> None:
    with pytest.raises(StoreRefused, match="no database that exists"):
        await postgres.open_and_close(urlsplit(schema)._replace(path="/no_such_database").geturl())


async def test_nobody_at_the_address_is_told() -> None:
    with pytest.raises(StoreUnavailable, match="is PostgreSQL up"):
        await postgres.open_and_close("postgresql://postgres:secret@127.0.0.1:1/none")


async def test_an_option_that_nobody_knows_is_told(schema: str) -> None:
    with pytest.raises(WrongStoreUrl, match=r'"pool_sise".* is it misspelt'):
        await postgres.open_and_close(postgres.with_options(schema, pool_sise="3"))


async def test_servers_that_are_not_what_the_address_asks_for_are_told(schema: str) -> None:
    with pytest.raises(StoreUnavailable, match="what its target_session_attrs asks for"):
        await postgres.open_and_close(postgres.with_options(schema, target_session_attrs="standby"))


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
