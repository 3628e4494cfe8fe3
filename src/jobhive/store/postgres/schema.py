"""The schema, looked at and brought forward without opening the store."""

from collections.abc import Sequence

from jobhive.store.port import Migration
from jobhive.store.postgres.address import Address
from jobhive.store.postgres.admission import admit_server, migrate, schema_version
from jobhive.store.postgres.connection import connected
from jobhive.store.postgres.statements import migrations
from jobhive.store.postgres.trouble import translated


class PostgresSchema:
    """`Schema` in the first schema of the search_path."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def migrations(self) -> Sequence[Migration]:
        return migrations()

    async def version(self) -> int:
        with translated(self._address):
            async with connected(self._address) as connection:
                return await schema_version(connection, self._address.url)

    async def migrate(self) -> Sequence[Migration]:
        with translated(self._address):
            async with connected(self._address) as connection:
                await admit_server(connection, self._address.url)
                return await migrate(connection, self._address.url)
