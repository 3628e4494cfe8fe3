"""Access tokens: kept as they were made, ended for good, never deleted."""

import pytest

from jobhive.core.access import Scope
from jobhive.core.audit import Act
from jobhive.core.errors import UnknownToken
from jobhive.core.token import NewToken, mint
from jobhive.store.port import Store
from jobhive.testing import SECOND, advance


def _new_token(*, rate: str | None = None, lifetime_ms: int | None = None) -> NewToken:
    minted = mint()
    return NewToken(minted.token_id, minted.digest, "bee'🐝", "ann", (Scope.READ, Scope.SUBMIT), rate, lifetime_ms)


class AccessTokens:
    async def test_a_token_is_kept_as_it_was_made(self, store: Store, other: Store) -> None:  # H14
        assert await store.tokens.list() == []
        plain, bounded = _new_token(), _new_token(rate="600/min", lifetime_ms=5_000)
        added = await store.tokens.add(plain, by="user:a")
        advance(SECOND, store, other)
        await store.tokens.add(bounded, by="user:a")
        first, second = await other.tokens.list()
        assert first == added
        assert (first.token_id, first.digest, first.name, first.owner, first.scopes, first.rate) == plain[:6]
        assert (first.expires_at_ms, first.revoked_at_ms, first.used_at_ms) == (None, None, None)
        assert (second.rate, second.expires_at_ms) == ("600/min", second.created_at_ms + 5_000)

    async def test_a_token_is_revoked_once_and_stays(self, store: Store, other: Store) -> None:  # H14
        token = await store.tokens.add(_new_token(), by="user:a")
        revoked = await other.tokens.revoke(token.token_id, by="user:b")
        assert revoked.revoked_at_ms is not None
        advance(SECOND, store, other)
        assert await store.tokens.revoke(token.token_id, by="user:c") == revoked
        assert await store.tokens.list() == [revoked]
        told = [(entry.actor, entry.act, entry.target) for entry in await store.audit.read(0, 10)]
        assert told == [
            ("user:a", Act.TOKEN_CREATED, token.token_id),
            ("user:b", Act.TOKEN_REVOKED, token.token_id),
        ]

    async def test_an_unknown_token_cannot_be_revoked(self, store: Store) -> None:
        with pytest.raises(UnknownToken):
            await store.tokens.revoke("tok-none", by="user:a")
        assert await store.audit.read(0, 10) == []

    async def test_the_last_use_is_noted(self, store: Store) -> None:
        token = await store.tokens.add(_new_token(), by="user:a")
        advance(SECOND, store)
        await store.tokens.touch(token.token_id)
        [used] = await store.tokens.list()
        assert used._replace(used_at_ms=None) == token
        assert (used.used_at_ms or 0) >= token.created_at_ms + 1_000
