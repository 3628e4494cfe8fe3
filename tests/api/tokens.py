"""Tokens for tests, put straight into the store; the server is told, as it is where it made them itself."""

from collections.abc import Mapping

from jobhive.core.access import Scope
from jobhive.core.token import NewToken, id_of, mint
from tests.api.conftest import Site

Headers = Mapping[str, str]


async def token(
    site: Site, *scopes: Scope, owner: str = "ann", rate: str | None = None, lifetime_ms: int | None = None
) -> str:
    """The text of a new token."""
    minted = mint()
    new = NewToken(minted.token_id, minted.digest, "test", owner, scopes, rate, lifetime_ms)
    await site.store.tokens.add(new, by="user:test")
    site.api.state.guard.keyring.forget()
    return minted.text


async def revoke(site: Site, text: str) -> None:
    """Ends the token."""
    await site.store.tokens.revoke(id_of(text) or "", by="user:test")
    site.api.state.guard.keyring.forget()


def bearing(text: str) -> Headers:
    """The header that shows it."""
    return {"Authorization": f"Bearer {text}"}


async def as_owner(site: Site, owner: str, *scopes: Scope) -> Headers:
    """The header of a new token of that owner."""
    return bearing(await token(site, *scopes, owner=owner))
