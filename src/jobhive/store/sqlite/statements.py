"""The engine's SQL, one statement per file, read once."""

from functools import cache
from importlib.resources import files

from jobhive.store.port import Migration

_PACKAGE = "jobhive.store.sqlite"


@cache
def sql(name: str) -> str:
    """The statement in `sql/<name>.sql`, without its comment lines."""
    text = files(_PACKAGE).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("--"))


@cache
def migrations() -> tuple[Migration, ...]:
    """Those in `migrations/`, by name; so many of the first ones as the schema's version says are in a database."""
    folder = files(_PACKAGE).joinpath("migrations")
    scripts = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    return tuple(Migration(each.name.removesuffix(".sql"), each.read_text(encoding="utf-8")) for each in scripts)
