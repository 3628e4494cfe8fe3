"""Access tokens: stored by their digest, ended but never deleted."""

import json
from functools import partial

from jobhive.core.audit import Act
from jobhive.core.errors import UnknownToken
from jobhive.core.token import NewToken, TokenRecord
from jobhive.failpoints import failpoint
from jobhive.store.postgres.access import Access
from jobhive.store.postgres.audit import tell
from jobhive.store.postgres.database import Database
from jobhive.store.postgres.writer import Transaction
from jobhive.store.rows import to_token


class PostgresTokens:
    """`Tokens` on PostgreSQL."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def add(self, token: NewToken, *, by: str) -> TokenRecord:
        return await self._access.run(partial(_add, token=token, by=by))

    async def list(self) -> list[TokenRecord]:
        rows = await self._access.run_one(lambda transaction: transaction.db.all("tokens"))
        return [to_token(row) for row in rows]

    async def revoke(self, token_id: str, *, by: str) -> TokenRecord:
        return await self._access.run(partial(_revoke, token_id=token_id, by=by))

    async def touch(self, token_id: str) -> None:
        async def act(transaction: Transaction) -> None:
            await transaction.db.all("touch_token", {"id": token_id})
            failpoint("act.touch_token")

        await self._access.run_one(act)


async def _add(transaction: Transaction, token: NewToken, by: str) -> TokenRecord:
    stored = {"id": token.token_id, "scopes": json.dumps(token.scopes), "lifetime": token.lifetime_ms}
    await transaction.db.all("add_token", token._asdict() | stored)
    failpoint("act.add_token")
    told = {"name": token.name, "owner": token.owner, "scopes": token.scopes}
    await tell(transaction, by, Act.TOKEN_CREATED, token.token_id, **told)
    return await _existing(transaction.db, token.token_id)


async def _revoke(transaction: Transaction, token_id: str, by: str) -> TokenRecord:
    if await transaction.db.all("revoke_token", {"id": token_id}):
        failpoint("act.revoke_token")
        await tell(transaction, by, Act.TOKEN_REVOKED, token_id)
    return await _existing(transaction.db, token_id)


async def _existing(db: Database, token_id: str) -> TokenRecord:
    row = await db.one("token", {"id": token_id})
    if row is None:
        raise UnknownToken(token_id)
    return to_token(row)
