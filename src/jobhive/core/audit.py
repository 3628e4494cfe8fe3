"""The audit log: who did what to what and when, chained so that a change shows.

Each entry's hash is SHA-256 over the canonical JSON of the entry and the hash before it, which anybody can compute. A
checkpoint signs the newest hash with a key that is kept apart from the log: who can write the log and has no key can
change nothing before the checkpoint unseen. What came after it can be cut off without a trace.
"""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from hmac import new as hmac_of
from typing import NamedTuple

GENESIS = "0" * 64  # the hash before the first entry


class Act(StrEnum):
    """What was done."""

    JOB_CREATED = "JOB_CREATED"
    JOB_CANCELLED = "JOB_CANCELLED"  # or asked to stop, where it ran
    JOB_RETRIED = "JOB_RETRIED"
    JOB_PURGED = "JOB_PURGED"
    QUEUE_PAUSED = "QUEUE_PAUSED"
    QUEUE_RESUMED = "QUEUE_RESUMED"
    QUEUE_LIMITED = "QUEUE_LIMITED"
    WORKER_STARTED = "WORKER_STARTED"
    WORKER_STOPPED = "WORKER_STOPPED"
    WORKER_LOST = "WORKER_LOST"  # gone without a word
    WORKER_RETIRED = "WORKER_RETIRED"  # asked to finish its jobs and exit
    TOKEN_CREATED = "TOKEN_CREATED"
    TOKEN_REVOKED = "TOKEN_REVOKED"
    AUTH_FAILED = "AUTH_FAILED"  # a token was shown that is wrong, expired or revoked
    AUTH_DENIED = "AUTH_DENIED"  # a valid token without the scope


class NewEntry(NamedTuple):
    """An entry to write."""

    actor: str  # token:tok-…, user:…, worker-…, local
    act: Act
    target: str  # id or name of what it was done to
    detail: str = "{}"  # JSON object, canonical


class AuditEntry(NamedTuple):
    """An entry as the store keeps it."""

    number: int  # the log's order
    at_ms: int
    actor: str
    act: str
    target: str
    detail: str
    hash: str | None  # None until upkeep has sealed it


class Checkpoint(NamedTuple):
    """The newest sealed entry at an instant, signed."""

    number: int
    hash: str
    signature: str

    def is_genuine(self, key: bytes) -> bool:
        """Whether it was made with this key."""
        return compare_digest(self.signature, sign(self.number, self.hash, key).signature)


class Flaw(NamedTuple):
    """The first entry that is not as it was written, and how that shows."""

    number: int
    reason: str


def canonical(value: object) -> str:
    """The one JSON text of a value: keys sorted, no blanks, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def entry(actor: str, act: Act, target: str, detail: Mapping[str, object]) -> NewEntry:
    """An entry with its detail as canonical JSON."""
    return NewEntry(actor, act, target, canonical(detail))


def link(told: AuditEntry, previous: str) -> str:
    """The entry's hash behind the hash `previous`."""
    text = canonical([told.number, told.at_ms, told.actor, told.act, told.target, told.detail, previous])
    return sha256(text.encode()).hexdigest()


def chain(told: Sequence[AuditEntry], previous: str) -> list[tuple[int, str]]:
    """The hashes of entries that follow each other behind the hash `previous`, by number."""
    hashes: list[tuple[int, str]] = []
    for each in told:
        previous = link(each, previous)
        hashes.append((each.number, previous))
    return hashes


def sign(number: int, hash_: str, key: bytes) -> Checkpoint:
    """A checkpoint at that entry."""
    return Checkpoint(number, hash_, hmac_of(key, f"{number} {hash_}".encode(), sha256).hexdigest())


class Verification:
    """Reads the log in its order and finds the first flaw.

    It begins before the first entry, or behind the `trusted` checkpoint: then nothing up to there is read again.
    """

    def __init__(self, checkpoint: Checkpoint | None, *, trusted: Checkpoint | None = None) -> None:
        self._checkpoint = checkpoint if checkpoint and checkpoint.number else None  # None once it was met
        self.number, self.hash = (trusted.number, trusted.hash) if trusted else (0, GENESIS)  # of the newest sealed
        self.unsealed = 0  # entries at the end that no seal holds yet

    def read(self, told: AuditEntry) -> Flaw | None:
        """The next entry of the log."""
        if told.hash is None:
            self.unsealed += 1
            return None
        if self.unsealed:
            return Flaw(told.number - self.unsealed, "it has no seal, but an entry after it has one")
        if told.hash != link(told, self.hash):
            return Flaw(
                told.number, f"its hash does not follow from what it says and from entry {self.number} before it"
            )
        self.number, self.hash = told.number, told.hash
        return self._against_checkpoint()

    def end(self) -> Flaw | None:
        """There are no more entries."""
        if self._checkpoint is not None:
            return Flaw(self.number + 1, f"it is missing: the log was sealed up to entry {self._checkpoint.number}")
        return None

    def _against_checkpoint(self) -> Flaw | None:
        signed = self._checkpoint
        if signed is None or self.number < signed.number:
            return None
        if (self.number, self.hash) != (signed.number, signed.hash):
            return Flaw(self.number, f"the checkpoint at {signed.number} signs another hash: the log was written anew")
        self._checkpoint = None
        return None
