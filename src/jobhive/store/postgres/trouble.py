"""PostgreSQL's troubles as the port's errors, each with what to do."""

from collections.abc import Generator
from contextlib import contextmanager

import asyncpg

from jobhive.core.errors import StoreError, StoreFull, StoreRefused, StoreUnavailable, WrongStoreUrl
from jobhive.store.postgres.address import Address
from jobhive.store.postgres.connection import LIMIT_OF_IDLENESS

_PASSING = ("08", "53", "57", "58")  # SQLSTATE classes: connection, resources, operator, system
_UNSUPPORTED = "unsupported startup parameter"  # pgbouncer's words
_ANOTHERS = "bind message supplies"  # the server's, where the statement of this name is another one
_UNKNOWN_SETTING = "unrecognized configuration parameter"  # the server's, of an option that nobody knows
_SHOWN = 200  # characters of a message that may hold a caller's values


@contextmanager
def translated(address: Address) -> Generator[None]:
    """Errors of the driver, of the server and of the network leave the block as StoreError."""
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
        raise translate(error, address) from error


def translate(error: Exception, address: Address) -> StoreError:
    """The port's error for one of the driver's."""
    url = address.url
    match error:
        case asyncpg.ClientConfigurationError():
            return WrongStoreUrl(f"the store's URL {url} is wrong: {error}")
        case asyncpg.PostgresError():
            return _from_server(error, url)
        case asyncpg.TargetServerAttributeNotMatched():
            advice = "bring one up that is, or name its host as well"
            return StoreUnavailable(f"no server of {url} is what its target_session_attrs asks for; {advice}")
        case FileNotFoundError() if "ssl" in url:
            return StoreRefused(f"{url}: {error}; do the files that sslrootcert, sslcert and sslkey name exist?")
        case asyncpg.InternalClientError():  # its own bookkeeping, put out by a line that broke
            why = "the connection broke in mid-answer"
        case _:
            why = str(error) or type(error).__name__
    return StoreUnavailable(f"no answer from {url} ({why}); is PostgreSQL up, and are host and port right?")


def _from_server(error: asyncpg.PostgresError, url: str) -> StoreError:
    """What passes and what only time or room can cure; the rest is for somebody to put right."""
    match error:
        case asyncpg.DiskFullError():
            return StoreFull(f"no room on the disk of {url}: free some; reads go on, writes resume by themselves")
        case asyncpg.TooManyConnectionsError():
            advice = "raise what limits them there (max_connections, the role's or the database's), or lower pool_size"
            return StoreUnavailable(f"{url} has no connection left ({error}); {advice}")
        case asyncpg.ReadOnlySQLTransactionError():
            return read_only(url, error)
        case asyncpg.LockNotAvailableError():
            advice = "a vacuum, a backup, a report or a change of tables; it is tried again"
            return StoreUnavailable(f"{url}: somebody else holds a table that is needed as a whole ({error}): {advice}")
        case asyncpg.ProtocolViolationError() if _UNSUPPORTED in str(error):
            return _unsupported(error, url)
        case asyncpg.ProtocolViolationError() if _ANOTHERS in str(error):
            return _mixed_up(error, url)
        case _ if str(error.sqlstate)[:2] in _PASSING:
            return StoreUnavailable(f"{url} cannot serve us for the moment: {error}")
        case _:
            return _to_put_right(error, url)


def read_only(url: str, why: object) -> StoreUnavailable:
    """Of a server that was the primary, or whose settings changed under us."""
    return StoreUnavailable(f"{url} only reads now ({why}); name all hosts and target_session_attrs=read-write")


def _to_put_right(error: asyncpg.PostgresError, url: str) -> StoreError:
    match error:
        case asyncpg.InvalidSQLStatementNameError() | asyncpg.DuplicatePreparedStatementError():
            return _mixed_up(error, url)
        case asyncpg.InvalidPasswordError() | asyncpg.InvalidAuthorizationSpecificationError():
            return StoreRefused(f"{url} lets us not in ({error}); check user and password in the store's URL")
        case asyncpg.InvalidCatalogNameError():
            return StoreRefused(f"{url} names no database that exists ({error}); make it with createdb")
        case asyncpg.InsufficientPrivilegeError():
            advice = "the user needs CONNECT on the database, and CREATE on the schema or rights on the tables in it"
            return StoreRefused(f"{url}: {error}; {advice}")
        case _ if _UNKNOWN_SETTING in str(error):
            advice = "what neither Jobhive nor the driver knows in a URL is a setting of the server; is it misspelt?"
            return WrongStoreUrl(f"the store's URL {url} is wrong: {error}; {advice}")
        case asyncpg.UndefinedTableError() | asyncpg.UndefinedColumnError() | asyncpg.UndefinedFunctionError():
            return StoreRefused(
                f"the schema at {url} is not whole ({error}); restore a backup, or drop what is left of it"
            )
        case _:
            return StoreError(f"PostgreSQL refused a statement at {url}: {str(error)[:_SHOWN]}")


def _mixed_up(error: asyncpg.PostgresError, url: str) -> StoreError:
    advice = "add statement_cache_size=0 to the store's URL"
    return StoreRefused(f"a pooler before {url} mixes up prepared statements ({error}); {advice}")


def _unsupported(error: asyncpg.PostgresError, url: str) -> StoreError:
    """A pooler refuses what a session begins with: our own setting, or one that the URL names."""
    if LIMIT_OF_IDLENESS in str(error):
        advice = f"add statement_cache_size=0 to the store's URL, or let it ignore {LIMIT_OF_IDLENESS}"
    else:
        advice = "take it out of the store's URL and set it with ALTER ROLE … SET"
    return StoreRefused(f"a pooler before {url} takes no such setting ({error}); {advice}")
