"""Access tokens: `jh_`, the token's id, and 256 random bits. The store keeps nothing but a SHA-256 of the text."""

import re
import secrets
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from typing import NamedTuple

from jobhive.core.access import Caller, Scope

_ID_BYTES = 8
_SECRET_BYTES = 32
_TEXT = re.compile(r"jh_(?P<id>[0-9a-f]{16})_[A-Za-z0-9_-]{43}")


class Minted(NamedTuple):
    """A new token; the text is shown once and kept nowhere."""

    token_id: str
    text: str
    digest: str


class NewToken(NamedTuple):
    """A token to store."""

    token_id: str
    digest: str  # SHA-256 of the text, hexadecimal
    name: str  # for people; need not be unique
    owner: str  # whose jobs it creates and sees
    scopes: tuple[Scope, ...]
    rate: str | None = None  # as `core.rate` writes it; None = no limit
    lifetime_ms: int | None = None  # from the store's now; None = for ever


class TokenRecord(NamedTuple):
    """A token as the store keeps it; rows stay when a token was revoked or has expired."""

    token_id: str
    digest: str
    name: str
    owner: str
    scopes: tuple[Scope, ...]
    rate: str | None
    created_at_ms: int
    expires_at_ms: int | None
    revoked_at_ms: int | None
    used_at_ms: int | None  # last use, kept to the minute

    def caller(self) -> Caller:
        """Whoever shows this token."""
        return Caller(f"token:{self.token_id}", self.owner, frozenset(self.scopes), self.token_id)


class Verdict(StrEnum):
    """What a shown token is worth."""

    VALID = "valid"
    WRONG = "wrong"
    EXPIRED = "expired"
    REVOKED = "revoked"


def mint() -> Minted:
    """A new token."""
    number = secrets.token_hex(_ID_BYTES)
    text = f"jh_{number}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    return Minted(f"tok-{number}", text, digest_of(text))


def digest_of(text: str) -> str:
    """What the store keeps of a token."""
    return sha256(text.encode()).hexdigest()


def id_of(text: str) -> str | None:
    """The id that a token's text names; None where the text is no token."""
    parts = _TEXT.fullmatch(text)
    return parts and f"tok-{parts['id']}"


def judge(text: str, record: TokenRecord | None, now_ms: int) -> Verdict:
    """What the shown text is worth, given the record of the id that it names."""
    if record is None or not compare_digest(digest_of(text), record.digest):
        return Verdict.WRONG
    return standing(record, now_ms)


def standing(record: TokenRecord, now_ms: int) -> Verdict:
    """Whether the token still holds."""
    if record.revoked_at_ms is not None:
        return Verdict.REVOKED
    if record.expires_at_ms is not None and record.expires_at_ms <= now_ms:
        return Verdict.EXPIRED
    return Verdict.VALID
