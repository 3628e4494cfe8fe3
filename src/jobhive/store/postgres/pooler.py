"""Poolers between us and the server, and what they keep of a session that each transaction gets anew."""

from secrets import token_hex
from typing import Any

from jobhive.core.errors import StoreRefused
from jobhive.store.postgres.address import Address
from jobhive.store.postgres.connection import connected

_LOOKS = 5  # from each of two connections; a pooler under load hands out its sessions in no order
_SESSION = "SELECT pg_backend_pid()"
_IS_PREPARED = "SELECT EXISTS (SELECT FROM pg_prepared_statements WHERE name = $1)"
_IN_TRANSACTIONS = "gives each transaction another connection"


async def admit_pooler(connection: Any, address: Address) -> None:
    """Raises StoreRefused where the URL asks for what a pooler would drop, or mix up among its clients."""
    path = address.search_path
    if path is not None and path != await connection.fetchval("SELECT current_setting('search_path')"):
        advice = "let it not ignore search_path; take that out of the URL and set it with ALTER ROLE … SET search_path"
        raise StoreRefused(f"a pooler before {address.url} left search_path={path} out; {advice}")
    asks_for_a_session = address.has_listener or not address.is_pooled
    if asks_for_a_session and await _shares_sessions(connection, address):
        await _admit_shared(address)


async def admit_program(connection: Any, address: Address) -> None:
    """Raises StoreRefused where a program of PostgreSQL's would leave its settings in sessions that others get next."""
    if await _shares_sessions(connection, address):
        advice = "name the server itself in the URL for this command"
        raise StoreRefused(
            f"a pooler before {address.url} {_IN_TRANSACTIONS}, and pg_dump needs one of its own; {advice}"
        )


async def _shares_sessions(connection: Any, address: Address) -> bool:
    """Whether a pooler hands one session to several connections. Costs one look where no pooler stands between."""
    if connection.get_server_pid() == await connection.fetchval(_SESSION):
        return False
    unprepared = address._replace(statement_cache_size=0)
    async with connected(unprepared) as one, connected(unprepared) as other:
        of_one = {await one.fetchval(_SESSION) for _ in range(_LOOKS)}
        of_other = {await other.fetchval(_SESSION) for _ in range(_LOOKS)}
    return len(of_one) > 1 or len(of_other) > 1 or of_one == of_other


async def _admit_shared(address: Address) -> None:
    if not address.is_pooled and await _keeps_names(address):
        advice = (
            "add statement_cache_size=0 to the store's URL, or set max_prepared_statements in pgbouncer 1.21 or newer"
        )
        raise StoreRefused(
            f"a pooler before {address.url} {_IN_TRANSACTIONS} and mixes up prepared statements; {advice}"
        )
    if address.has_listener:
        raise StoreRefused(
            f"a pooler before {address.url} {_IN_TRANSACTIONS}, so nobody would hear LISTEN; add listen=off to the URL"
        )


async def _keeps_names(address: Address) -> bool:
    """Whether a prepared statement has our own name in the session: then others who use that name get ours.

    Between the two messages there is no end of a transaction, so both reach the same session.
    """
    name = f"jobhive_{token_hex(8)}"
    async with connected(address._replace(statement_cache_size=0)) as connection:
        prepared = await connection.prepare("SELECT", name=name)
        keeps: bool = await connection.fetchval(_IS_PREPARED, name)
        del prepared  # the driver closes what nobody has
    return keeps
