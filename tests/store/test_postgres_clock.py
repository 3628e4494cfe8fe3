"""Leases end by the server's clock, and not before somebody has seen that it may be believed."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from jobhive.core.clock import to_milliseconds
from jobhive.store.port import Store
from jobhive.store.postgres.clock import ServerClock
from jobhive.testing import SECOND, advance, complete, start_one
from jobhive.upkeep.rescuer import Rescuer
from tests import postgres

_NOW = """
CREATE OR REPLACE FUNCTION jobhive_now_ms(shift bigint) RETURNS bigint LANGUAGE sql VOLATILE
AS $$ SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint + shift + {milliseconds}::bigint $$
"""
HOUR = timedelta(hours=1)


def _set_server_clock(url: str, ahead: timedelta) -> None:
    with postgres.connected(url) as connection:
        connection.execute(_NOW.format(milliseconds=to_milliseconds(ahead)).encode())


@pytest.fixture
async def store(schema: str) -> AsyncIterator[Store]:
    store = postgres.store(schema)
    await store.open()
    yield store
    await store.close()


async def _settled(store: Store) -> Rescuer:
    """A rescuer that believes leases, as one does after a whole lease without trouble."""
    rescuer = Rescuer(store)
    await rescuer.tick()
    rescuer._held_until = None
    return rescuer


@pytest.mark.parametrize("ahead", [HOUR, timedelta(days=3650)])
async def test_a_server_whose_clock_is_set_forward_takes_no_live_lease(
    schema: str, store: Store, ahead: timedelta
) -> None:  # P6
    claim = await start_one(store)
    rescuer = await _settled(store)
    await rescuer.tick()
    _set_server_clock(schema, ahead)
    for _ in range(3):
        await rescuer.tick()
    assert rescuer._held_until is not None
    assert await store.jobs.finish([complete(claim)]) == [claim.job_id]


async def test_a_host_whose_clock_differs_from_the_servers_takes_no_live_lease(schema: str) -> None:  # P6
    store, other = postgres.store(schema), postgres.store(schema)
    await store.schema.migrate()
    _set_server_clock(schema, 5 * timedelta(minutes=1))
    await store.open()
    await other.open()
    claim = await start_one(store)
    assert await other.jobs.rescue(10) == []
    assert abs(store.clock.now_ms() - claim.claimed_at_ms) < 60_000
    advance(store.lease + SECOND, store, other)
    assert [each.job_id for each in await other.jobs.rescue(10)] == [claim.job_id]
    await store.close()
    await other.close()


def test_a_late_answer_says_nothing_about_the_clock() -> None:
    clock = ServerClock()
    clock.heed(clock.now_ms() + 3_600_000, seconds=0.01)
    assert clock.now_ms() - ServerClock().now_ms() > 3_500_000
    clock.heed(0, seconds=5.0)
    assert clock.now_ms() - ServerClock().now_ms() > 3_500_000
