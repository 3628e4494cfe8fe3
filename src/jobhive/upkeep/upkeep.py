"""All duties of one process."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from jobhive.core.retention import Retention
from jobhive.store.port import Store
from jobhive.upkeep.duty import Duty
from jobhive.upkeep.pruner import Pruner
from jobhive.upkeep.rescuer import Rescuer
from jobhive.upkeep.sealer import Sealer
from jobhive.upkeep.stager import Stager


@asynccontextmanager
async def upkeep(store: Store, retentions: Sequence[Retention] = ()) -> AsyncGenerator[None]:
    """Performs every duty for the length of the block. The store must be open."""
    duties: list[Duty] = [Stager(store), Rescuer(store), Pruner(store, retentions), Sealer(store)]
    for duty in duties:
        _ = duty.start()
    try:
        yield
    finally:
        for duty in reversed(duties):
            await duty.stop()
