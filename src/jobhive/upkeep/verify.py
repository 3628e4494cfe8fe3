"""Whether the audit log is as it was written, as far as that can be known."""

import asyncio
from typing import NamedTuple

from jobhive.core.audit import Checkpoint, Flaw, Verification
from jobhive.core.errors import StoreRefused
from jobhive.store.port import Store
from jobhive.upkeep.checkpoint import Seals

_BATCH = 1_000


class Verified(NamedTuple):
    """What a look at the whole log found."""

    sealed: int  # entries that follow from each other, from the first one on
    unsealed: int  # newer ones, which upkeep has not chained yet
    signed_to: int | None  # number at the newest checkpoint; None where none was made
    flaw: Flaw | None  # the first entry that is not as it was written


async def verify(store: Store) -> Verified:
    """Reads the whole log. Raises StoreRefused where the checkpoint itself was changed or is gone."""
    seals = Seals(store.beside)
    checkpoint = await asyncio.to_thread(seals.checkpoint)
    verification = Verification(checkpoint)
    sealed, flaw = await _read_all(store, verification)
    if flaw is None and sealed and checkpoint is None and await asyncio.to_thread(seals.checkpoint) is None:
        raise StoreRefused(
            f"{sealed} audit entries are chained, but {store.beside / 'audit'} holds no checkpoint: it was removed, "
            "or this is a copy of the store alone; upkeep makes a new one, which vouches for what it finds"
        )
    return Verified(sealed, verification.unsealed, _number(checkpoint), flaw or verification.end())


async def _read_all(store: Store, verification: Verification) -> tuple[int, Flaw | None]:
    read_to, sealed = -(2**63), 0
    while entries := await store.audit.read(read_to, _BATCH):
        for entry in entries:
            if flaw := verification.read(entry):
                return sealed, flaw
            sealed += entry.hash is not None
        read_to = entries[-1].number
    return sealed, None


def _number(checkpoint: Checkpoint | None) -> int | None:
    return None if checkpoint is None else checkpoint.number
