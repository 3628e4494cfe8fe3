"""The file's schema, looked at and brought forward without opening the store."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from jobhive.store.port import Migration
from jobhive.store.sqlite.admission import admit_folder, admit_library, migrate, schema_version
from jobhive.store.sqlite.connection import connect_reader, connect_writer
from jobhive.store.sqlite.statements import migrations
from jobhive.store.sqlite.trouble import translated


class SqliteSchema:
    """`Schema` on one SQLite file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def migrations(self) -> Sequence[Migration]:
        return migrations()

    async def version(self) -> int:
        return await asyncio.to_thread(self._version)

    async def migrate(self) -> Sequence[Migration]:
        return await asyncio.to_thread(self._migrate)

    def _version(self) -> int:
        if not self._path.exists():
            return 0
        with translated(self._path):
            db = connect_reader(self._path)
            try:
                return schema_version(db, self._path)
            finally:
                db.close()

    def _migrate(self) -> Sequence[Migration]:
        with translated(self._path):
            admit_library()
            admit_folder(self._path)
            db = connect_writer(self._path)
            try:
                return migrate(db, self._path)
            finally:
                db.close()
