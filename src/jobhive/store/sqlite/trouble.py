"""SQLite's troubles as the port's errors, each with what to do."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import apsw

from jobhive.core.errors import StoreError, StoreFull, StoreRefused, StoreUnavailable
from jobhive.store.files import from_os


@contextmanager
def translated(path: Path) -> Generator[None]:
    """Errors of SQLite and of the operating system leave the block as StoreError."""
    try:
        yield
    except (apsw.Error, OSError) as error:
        raise translate(error, path) from error


def translate(error: BaseException, path: Path) -> BaseException:
    """The port's error for one of SQLite's; anything else comes back as it is."""
    if isinstance(error, OSError):
        return from_os(error, path)
    if isinstance(error, apsw.Error):
        return _from_sqlite(error, path)
    return error


def _from_sqlite(error: apsw.Error, path: Path) -> StoreError:
    match error:
        case apsw.FullError() | apsw.IOError() if _is_about_room(error):
            return StoreFull(f"no room to write {path}: free some disk space; reads go on, writes resume by themselves")
        case apsw.BusyError() | apsw.LockedError():
            return StoreUnavailable(f"{path} stayed locked by another process; see who holds it with `fuser {path}`")
        case apsw.NotADBError() | apsw.CorruptError():
            return StoreRefused(f"{path} is damaged or not a database ({error}); restore a backup or move it away")
        case apsw.ReadOnlyError() | apsw.CantOpenError() | apsw.PermissionsError() | apsw.AuthError():
            return StoreRefused(f"{path} cannot be written ({error}); check the owner and mode of file and folder")
        case apsw.IOError():
            return StoreUnavailable(f"reading or writing {path} failed ({error}); check the disk")
        case _:
            return StoreError(f"SQLite refused a statement on {path}: {error}")


def _is_about_room(error: apsw.Error) -> bool:
    """Where the index of the WAL cannot grow, SQLite calls it an I/O error."""
    return isinstance(error, apsw.FullError) or getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_SHMSIZE
