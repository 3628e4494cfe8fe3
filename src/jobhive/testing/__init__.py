"""For tests of Jobhive and of what is built on it: builders, a store's clock, waiting for facts.

The promises that every storage engine keeps are in `jobhive.testing.conformance`.
"""

from jobhive.testing.clock import SECOND, advance, expire_leases, since
from jobhive.testing.jobs import (
    BROKEN,
    KILLED,
    append,
    asking,
    cancel,
    claim_any,
    claim_one,
    claim_suspects,
    complete,
    fail,
    insert_one,
    new_job,
    release,
    retry,
    snooze,
    start_one,
)
from jobhive.testing.observe import (
    Snapshot,
    head_of,
    history,
    record_of,
    snapshot,
    stored_chunks,
    stored_events,
)
from jobhive.testing.wait import NotReached, wait_for_job, wait_for_state
from jobhive.testing.workers import new_worker

__all__ = [
    "BROKEN",
    "KILLED",
    "SECOND",
    "NotReached",
    "Snapshot",
    "advance",
    "append",
    "asking",
    "cancel",
    "claim_any",
    "claim_one",
    "claim_suspects",
    "complete",
    "expire_leases",
    "fail",
    "head_of",
    "history",
    "insert_one",
    "new_job",
    "new_worker",
    "record_of",
    "release",
    "retry",
    "since",
    "snapshot",
    "snooze",
    "start_one",
    "stored_chunks",
    "stored_events",
    "wait_for_job",
    "wait_for_state",
]
