"""Workers that were silent for long are forgotten."""

from datetime import timedelta

from jobhive.upkeep.duty import Duty


class Pruner(Duty):
    """Jobs stay until somebody purges them."""

    every = timedelta(seconds=60)

    async def tick(self) -> None:
        """Forgets what is old."""
        await self.store.workers.prune()
