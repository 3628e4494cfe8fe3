"""A worker as its heartbeat would tell it."""

import os

from jobhive.core.record import WorkerRecord
from jobhive.store.port import Store


def new_worker(store: Store, worker_id: str = "worker-a", *, started_at_ms: int | None = None) -> WorkerRecord:
    """A ready worker of this process with eight free slots, started now by the store's clock unless told otherwise."""
    now_ms = store.clock.now_ms()
    return WorkerRecord(
        worker_id=worker_id,
        name="tester",
        node="localhost",
        pid=os.getpid(),
        state="ready",
        queues=("default",),
        kinds=("noop",),
        slots=8,
        running=0,
        completed=0,
        errors=0,
        started_at_ms=now_ms if started_at_ms is None else started_at_ms,
        seen_at_ms=now_ms,
        is_retiring=False,
    )
