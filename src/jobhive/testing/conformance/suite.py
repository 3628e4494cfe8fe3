"""The whole suite in one class, for engines to inherit."""

from jobhive.testing.conformance.fixtures import Stores
from jobhive.testing.conformance.promises.audit import AuditLog
from jobhive.testing.conformance.promises.cancel import Cancelling
from jobhive.testing.conformance.promises.claim import Claiming
from jobhive.testing.conformance.promises.contention import Contention
from jobhive.testing.conformance.promises.enqueue import Enqueue
from jobhive.testing.conformance.promises.fencing import Fencing
from jobhive.testing.conformance.promises.finish import Finishing
from jobhive.testing.conformance.promises.idempotency import Idempotency
from jobhive.testing.conformance.promises.listing import Listing
from jobhive.testing.conformance.promises.opening import Opening
from jobhive.testing.conformance.promises.operate import Operating
from jobhive.testing.conformance.promises.prune import Pruning
from jobhive.testing.conformance.promises.queues import Queues
from jobhive.testing.conformance.promises.rescue import Rescuing
from jobhive.testing.conformance.promises.signals import Signalling
from jobhive.testing.conformance.promises.streams import Streams
from jobhive.testing.conformance.promises.suspects import Suspecting
from jobhive.testing.conformance.promises.tokens import AccessTokens
from jobhive.testing.conformance.promises.upkeep import Staging
from jobhive.testing.conformance.promises.workers import ActiveWorkers


class StoreConformance(
    Opening,
    Enqueue,
    Idempotency,
    Claiming,
    Contention,
    Finishing,
    Fencing,
    Streams,
    Cancelling,
    Rescuing,
    Suspecting,
    Staging,
    Pruning,
    Operating,
    Listing,
    Queues,
    ActiveWorkers,
    Signalling,
    AccessTokens,
    AuditLog,
    Stores,
):
    """Every promise of the store port. Inherit it, give a `make_store` fixture, change nothing."""

    def __init_subclass__(cls) -> None:
        """Raises TypeError where one promise would hide another of the same name."""
        named = [name for act in StoreConformance.__bases__ for name in vars(act) if name.startswith("test_")]
        repeated = sorted({name for name in named if named.count(name) > 1})
        replaced = sorted(set(named) & vars(cls).keys())
        if repeated or replaced:
            raise TypeError(f"{cls.__name__}: every promise is tested once and as it is; see {repeated + replaced}")
