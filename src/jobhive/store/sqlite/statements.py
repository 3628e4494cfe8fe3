"""The engine's SQL, one statement per file, read once."""

from functools import cache

from jobhive.store.port import Migration
from jobhive.store.scripts import read_migrations, read_statement

_PACKAGE = "jobhive.store.sqlite"


@cache
def sql(name: str) -> str:
    """The statement in `sql/<name>.sql`, without its comment lines."""
    return read_statement(_PACKAGE, name)


@cache
def migrations() -> tuple[Migration, ...]:
    """Those in `migrations/`, by name; so many of the first ones as the schema's version says are in a database."""
    return read_migrations(_PACKAGE)
