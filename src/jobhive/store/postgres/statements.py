"""The engine's SQL, one statement per file, read once."""

import re
from functools import cache
from typing import NamedTuple

from jobhive.store.port import Migration
from jobhive.store.scripts import read_migrations, read_statement

_PACKAGE = "jobhive.store.postgres"
_PLACE = re.compile(r"(?<!:):([a-z_]+)")  # `:name`, but not the type in `::text`


class Statement(NamedTuple):
    """A statement as the server takes it: places are numbered."""

    text: str
    names: tuple[str, ...]  # which value stands at $1, $2, …


@cache
def sql(name: str) -> str:
    """The statement in `sql/<name>.sql`, without its comment lines."""
    return read_statement(_PACKAGE, name)


@cache
def statement(name: str) -> Statement:
    """The same, with its places numbered."""
    return numbered(sql(name))


@cache
def numbered(text: str) -> Statement:
    """Numbers the places of a text put together at run time; there are few different ones."""
    names = tuple(dict.fromkeys(_PLACE.findall(text)))
    return Statement(_PLACE.sub(lambda place: f"${names.index(place[1]) + 1}", text), names)


@cache
def migrations() -> tuple[Migration, ...]:
    """Those in `migrations/`, by name; so many of the first ones as the schema's version says are in a database."""
    return read_migrations(_PACKAGE)
