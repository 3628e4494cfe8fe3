"""The engine's SQL, one statement per file, read once."""

from functools import cache
from importlib.resources import files

_PACKAGE = "jobhive.store.sqlite"


@cache
def sql(name: str) -> str:
    """The statement in `sql/<name>.sql`, without its comment lines."""
    text = files(_PACKAGE).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("--"))


def migrations() -> list[str]:
    """The numbered migrations in order; the first brings an empty file to schema version 1."""
    folder = files(_PACKAGE).joinpath("migrations")
    scripts = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    return [script.read_text(encoding="utf-8") for script in scripts]
