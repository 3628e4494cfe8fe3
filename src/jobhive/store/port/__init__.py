"""What every store engine offers, in small protocols, split by who may call them.

Batch-first: a claim returns many, a finish takes many, an append takes many. A method that writes returns only after
its transaction is durable. Times are the store's own clock; durations travel as durations. Engines raise
`StoreUnavailable`, `StoreFull` or `StoreRefused` for their own trouble, and are conformant when they pass
`jobhive.testing.conformance`.

Where an act takes `by`, it names the person or token that asked, and the act is told in the audit log by the same
transaction, unless it was refused or changed nothing. Without it nobody in particular asked, and nothing is told.
"""

from jobhive.store.port.access import Audit, Tokens
from jobhive.store.port.events import MOST_READ, Events
from jobhive.store.port.jobs import (
    ClaimRequest,
    Jobs,
    Limits,
    OperatorJobs,
    Page,
    Pruned,
    Rescued,
    SubmitterJobs,
    UpkeepJobs,
    WorkerJobs,
)
from jobhive.store.port.schema import Migration, Schema
from jobhive.store.port.store import MOST_CLOCK_LAG_SECONDS, Store
from jobhive.store.port.workers import Liveness, Workers

__all__ = [
    "MOST_CLOCK_LAG_SECONDS",
    "MOST_READ",
    "Audit",
    "ClaimRequest",
    "Events",
    "Jobs",
    "Limits",
    "Liveness",
    "Migration",
    "OperatorJobs",
    "Page",
    "Pruned",
    "Rescued",
    "Schema",
    "Store",
    "SubmitterJobs",
    "Tokens",
    "UpkeepJobs",
    "WorkerJobs",
    "Workers",
]
