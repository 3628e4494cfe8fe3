"""The audit log is chained, and what is chained is signed with a key that the log does not hold."""

import asyncio
from datetime import timedelta

from jobhive.core.audit import Checkpoint, Flaw, Verification, sign
from jobhive.core.errors import StoreUnavailable
from jobhive.narration import narrate
from jobhive.store.port import Store
from jobhive.upkeep.checkpoint import Seals
from jobhive.upkeep.duty import Duty

_BATCH = 500


class Sealer(Duty):
    """Many may do so at once: the chain is one transaction each time, and a checkpoint only ever moves on.

    It signs nothing that does not follow from the checkpoint before, so that a rewritten log stays unsigned.
    """

    name = "sealer"
    every = timedelta(seconds=1)

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._seals = Seals(store.beside)
        self._has_told = False  # whether somebody was told that the log was changed

    async def tick(self) -> None:
        """Chains what is new, then signs it."""
        try:
            await self._seal()
        except OSError as error:
            advice = "see to its mode and to the room on its disk"
            raise StoreUnavailable(
                f"the audit log cannot be signed in {self.store.beside}: {error}; {advice}"
            ) from error

    async def _seal(self) -> None:
        trusted = await asyncio.to_thread(self._seals.begun)
        while await self.store.audit.seal(_BATCH) == _BATCH:
            pass
        newest = await self._followed(trusted)
        if newest is not None:
            await asyncio.to_thread(self._seals.keep, newest)

    async def _followed(self, trusted: Checkpoint) -> Checkpoint | None:
        """The checkpoint to make now; None where there is nothing new, or where it does not follow."""
        verification = Verification(None, trusted=trusted)
        read_to = trusted.number
        while entries := await self.store.audit.read(read_to, _BATCH):
            for entry in entries:
                if flaw := verification.read(entry):
                    self._tell(flaw)
                    return None
            read_to = entries[-1].number
        if verification.number == trusted.number:
            return None
        return sign(verification.number, verification.hash, self._seals.key())

    def _tell(self, flaw: Flaw) -> None:
        if not self._has_told:
            self._has_told = True
            advice = f"{flaw.reason}; nothing more is signed; see `jobhive audit verify`"
            narrate("sealer", "found changed", f"audit entry {flaw.number}", advice, level="error")
