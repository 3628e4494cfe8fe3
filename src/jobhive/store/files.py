"""Files that engines write on this machine: their troubles as the port's errors, and new ones whole or not at all."""

import errno
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from jobhive.core.errors import StoreError, StoreFull, StoreRefused
from jobhive.failpoints import failpoint


@contextmanager
def usable(path: Path) -> Generator[None]:
    """Errors of the operating system leave the block as StoreError."""
    try:
        yield
    except OSError as error:
        raise from_os(error, path) from error


def from_os(error: OSError, path: Path) -> StoreError:
    """The port's error for one of the operating system's."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreFull(f"no room to write beside {path}: free some disk space")
    return StoreRefused(f"{path} cannot be used ({error.strerror}); check the path, its owner and its mode")


@contextmanager
def new_file(target: Path) -> Generator[Path]:
    """Another name for the file until the block has made it; then it is synced and gets its own.

    Raises StoreError, with no file left behind, also where there is one already.
    """
    if target.exists():
        raise StoreRefused(f"{target} exists already and is left as it is; name a new file, or move the old one away")
    part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
        with usable(target):
            _sync(part)
            failpoint("backup.before_name")
            part.rename(target)
            _sync(target.absolute().parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    failpoint("backup.before_sync")
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
