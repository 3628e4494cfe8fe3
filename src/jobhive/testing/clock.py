"""Time in the hands of a test: a store's clock moves when it is told to, and nothing sleeps."""

from datetime import timedelta

from jobhive.store.port import MOST_CLOCK_LAG_SECONDS, Store

SECOND = timedelta(seconds=1)


def advance(by: timedelta, *stores: Store) -> None:
    """Moves the clock of each store: all the stores that a test has on one database, so that they agree."""
    for store in stores:
        store.clock.advance(by)


def since(before_ms: int, store: Store) -> range:
    """When an engine may say that something happened which began after `before_ms` and has ended."""
    return range(before_ms, store.clock.now_ms() + round(MOST_CLOCK_LAG_SECONDS * 1000) + 1)


def expire_leases(*stores: Store) -> None:
    """Moves the clocks past the end of every lease that was taken or renewed up to now."""
    for store in stores:
        store.clock.advance(store.lease + SECOND)
