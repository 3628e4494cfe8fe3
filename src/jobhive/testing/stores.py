"""How a test makes stores, here and in other processes: by the dotted name of a function and where the database is."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import apsw

from jobhive.store.port import Store
from jobhive.store.sqlite import SqliteStore
from jobhive.store.sqlite.connection import connect_reader


class StoreMaker(NamedTuple):
    """Makes any number of unopened stores on one database. Two texts, so that another process can be told."""

    engine: str  # `package.module:function`; the function takes the location and returns a store
    location: str  # path or URL of the database; fresh for every test

    def __call__(self) -> Store:
        """One more unopened store on the same database."""
        module, _, function = self.engine.partition(":")
        make: Callable[[str], Store] = getattr(importlib.import_module(module), function)
        return make(self.location)


def sqlite_store(path: str) -> Store:
    """An unopened SQLite store in a file."""
    return SqliteStore(Path(path))


def sqlite_damage(path: Path) -> list[str]:
    """What SQLite's `integrity_check` finds wrong with a file; nothing where it is sound."""
    db = connect_reader(path)
    try:
        found = [str(row[0]) for row in db.ask("PRAGMA integrity_check")]
    except (apsw.CorruptError, apsw.NotADBError) as error:
        return [str(error)]
    finally:
        db.close()
    return [] if found == ["ok"] else found
