"""Which files we open, and bringing them to our schema. What is not ours stays untouched."""

from collections.abc import Sequence
from pathlib import Path

import apsw
import psutil

from jobhive.core.errors import StoreRefused
from jobhive.failpoints import failpoint
from jobhive.store.port import Migration
from jobhive.store.sqlite.database import Database
from jobhive.store.sqlite.statements import migrations

APPLICATION_ID = 0x4A4F4248  # "JOBH", in the file's header (sqlite.org/fileformat2.html section 1.3.12)
_SHARED_FILE_SYSTEMS = ("nfs", "cifs", "smb", "fuse", "9p", "afs", "ceph", "gfs", "glusterfs", "lustre", "vboxsf")
_OLDEST_SAFE_SQLITE = (3, 51, 3)  # the WAL-reset bug of 3.7 to 3.51.2 corrupts databases


def admit_folder(path: Path) -> None:
    """Makes the file's folder. Raises StoreRefused on a network file system: its locks do not hold."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = file_system_of(path.parent)
    if kind.startswith(_SHARED_FILE_SYSTEMS):
        raise StoreRefused(
            f"{path} is on a network file system ({kind}), where SQLite's locks do not hold; "
            "use a local disk, or PostgreSQL for many machines"
        )


def file_system_of(folder: Path) -> str:
    """The type of file system a folder is on, in lower case; empty where the platform does not tell."""
    resolved = folder.resolve()
    mounts = [mount for mount in psutil.disk_partitions(all=True) if resolved.is_relative_to(mount.mountpoint)]
    deepest = max(mounts, key=lambda mount: len(mount.mountpoint), default=None)
    return deepest.fstype.lower() if deepest else ""


def admit_library() -> None:
    """Raises StoreRefused for a SQLite library known to damage databases."""
    version = tuple(map(int, apsw.sqlite_lib_version().split(".")))
    if version < _OLDEST_SAFE_SQLITE:
        raise StoreRefused(
            f"SQLite {apsw.sqlite_lib_version()} has a bug that corrupts WAL databases; install a newer apsw"
        )


def migrate(db: Database, path: Path) -> Sequence[Migration]:
    """Brings the schema to the newest version; returns what was missing. Raises StoreRefused for a foreign file or a
    newer schema."""
    failpoint("migrate.before_begin")
    db.script("BEGIN IMMEDIATE")  # two processes may come at once; closing the connection rolls back
    failpoint("migrate.begun")
    version = schema_version(db, path)
    missing = migrations()[version:]
    for number, migration in enumerate(missing, version + 1):
        db.script(migration.sql)
        db.script(f"PRAGMA user_version = {number}")
    if missing:
        db.script(f"PRAGMA application_id = {APPLICATION_ID}")
    failpoint("migrate.before_commit")
    db.script("COMMIT")
    failpoint("migrate.committed")
    return missing


def schema_version(db: Database, path: Path) -> int:
    """How many migrations the file has. Raises StoreRefused for a foreign file or a newer schema."""
    owner = db.pragma("application_id")
    version = db.pragma("user_version")
    tables = db.ask("SELECT name FROM sqlite_schema LIMIT 1")
    if owner != APPLICATION_ID and (owner or version or tables):
        raise StoreRefused(f"{path} is a database of another program; give Jobhive a file of its own")
    newest = len(migrations())
    if version > newest:
        raise StoreRefused(f"{path} has schema {version}, this Jobhive knows up to {newest}; upgrade Jobhive")
    return int(version)
