"""A copy of the database as of one moment, made while others read and write."""

import os
import secrets
from pathlib import Path

from jobhive.core.errors import StoreRefused
from jobhive.failpoints import failpoint
from jobhive.store.sqlite.connection import connect_copier, connect_reader
from jobhive.store.sqlite.trouble import translated


def write_backup(source: Path, target: Path) -> None:
    """Under another name until it is whole, checked and synced. Raises StoreError, with no file left behind."""
    if target.exists():
        raise StoreRefused(f"{target} exists already and is left as it is; name a new file, or move the old one away")
    if not source.exists():
        raise StoreRefused(f"there is no database {source} to copy; check the store's address")
    part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    try:
        with translated(target):
            _copy(source, part)
            part.chmod(source.stat().st_mode & 0o777)
            _check(part)
            _sync(part)
            failpoint("backup.before_name")
            part.rename(target)
            _sync(target.absolute().parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


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


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    failpoint("backup.before_sync")
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
