"""A copy of the database as of one moment, made while others read and write."""

from pathlib import Path

from jobhive.core.errors import StoreRefused
from jobhive.store.files import new_file
from jobhive.store.sqlite.connection import connect_copier, connect_reader
from jobhive.store.sqlite.trouble import translated


def write_backup(source: Path, target: Path) -> None:
    """Under another name until it is whole, checked and synced. Raises StoreError, with no file left behind."""
    with new_file(target) as part, translated(target):
        if not source.exists():
            raise StoreRefused(f"there is no database {source} to copy; check the store's address")
        _copy(source, part)
        part.chmod(source.stat().st_mode & 0o777)
        _check(part)


def _copy(source: Path, part: Path) -> None:
    db = connect_copier(source)
    try:
        db.ask("VACUUM INTO ?", (str(part),))
    finally:
        db.close()


def _check(part: Path) -> None:
    db = connect_reader(part)
    try:
        [(said,), *_] = db.ask("PRAGMA integrity_check(1)")
    finally:
        db.close()
    if said != "ok":
        raise StoreRefused(f"the copy is damaged, so it is not kept: {said}; look at the database itself")
