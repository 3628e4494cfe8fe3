"""Access tokens: stored by their digest, ended but never deleted."""

import json

from jobhive.core.audit import Act
from jobhive.core.errors import UnknownToken
from jobhive.core.token import NewToken, TokenRecord
from jobhive.failpoints import failpoint
from jobhive.store.rows import to_token
from jobhive.store.sqlite.access import Access
from jobhive.store.sqlite.audit import tell
from jobhive.store.sqlite.database import Database
from jobhive.store.sqlite.writer import Transaction


class SqliteTokens:
    """`Tokens` on SQLite."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def add(self, token: NewToken, *, by: str) -> TokenRecord:
        return await self._access.writer.run(lambda transaction: _add(transaction, token, by))

    async def list(self) -> list[TokenRecord]:
        return await self._access.readers.run(lambda db: [to_token(row) for row in db.all("tokens")])

    async def revoke(self, token_id: str, *, by: str) -> TokenRecord:
        return await self._access.writer.run(lambda transaction: _revoke(transaction, token_id, by))

    async def touch(self, token_id: str) -> None:
        def act(transaction: Transaction) -> None:
            transaction.db.run("touch_token", {"id": token_id, "now": transaction.now_ms})
            failpoint("act.touch_token")

        await self._access.writer.run(act)


def _add(transaction: Transaction, token: NewToken, by: str) -> TokenRecord:
    stored = {
        "id": token.token_id,
        "scopes": json.dumps(token.scopes),
        "now": transaction.now_ms,
        "expires_at": None if token.lifetime_ms is None else transaction.now_ms + token.lifetime_ms,
    }
    transaction.db.run("add_token", token._asdict() | stored)
    failpoint("act.add_token")
    tell(transaction, by, Act.TOKEN_CREATED, token.token_id, name=token.name, owner=token.owner, scopes=token.scopes)
    return _existing(transaction.db, token.token_id)


def _revoke(transaction: Transaction, token_id: str, by: str) -> TokenRecord:
    if transaction.db.changed("revoke_token", {"id": token_id, "now": transaction.now_ms}):
        tell(transaction, by, Act.TOKEN_REVOKED, token_id)
        failpoint("act.revoke_token")
    return _existing(transaction.db, token_id)


def _existing(db: Database, token_id: str) -> TokenRecord:
    row = db.one("token", {"id": token_id})
    if row is None:
        raise UnknownToken(token_id)
    return to_token(row)
