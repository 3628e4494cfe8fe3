"""SQL that an engine keeps in files: one statement each in `sql/`, one step of the schema each in `migrations/`."""

from importlib.resources import files

from jobhive.store.port import Migration


def read_statement(package: str, name: str) -> str:
    """The statement in `sql/<name>.sql`, without its comment lines."""
    text = files(package).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("--"))


def read_migrations(package: str) -> tuple[Migration, ...]:
    """Those in `migrations/`, by name; so many of the first ones as the schema's version says are in a database."""
    folder = files(package).joinpath("migrations")
    scripts = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    return tuple(Migration(each.name.removesuffix(".sql"), each.read_text(encoding="utf-8")) for each in scripts)
