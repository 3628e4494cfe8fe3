"""Connections to PostgreSQL: through poolers, cut, left by everybody."""

import gc
import weakref
from uuid import uuid4

import pytest

from jobhive.core.errors import StoreRefused, StoreUnavailable
from jobhive.store.postgres.address import address_of
from jobhive.store.postgres.connection import connected
from jobhive.store.postgres.pooler import admit_pooler
from jobhive.store.signals import EVERYTHING
from jobhive.testing import asking, complete, insert_one, start_one
from tests import postgres

DEADLINE_SECONDS = 20.0


async def test_without_prepared_statements_and_listening_all_works(postgres_url: str) -> None:
    store = postgres.store(postgres.with_options(postgres_url, statement_cache_size="0"))
    await store.open()
    claim = await start_one(store)
    await insert_one(store)
    assert len(await store.jobs.claim(asking())) == 1
    assert await store.jobs.finish([complete(claim)]) == [claim.job_id]
    await store.close()


async def test_a_pooler_that_leaves_the_search_path_out_is_refused(postgres_url: str) -> None:
    other = address_of(postgres_url.replace("search_path=", "search_path=other_"))
    async with connected(address_of(postgres_url)) as connection:
        with pytest.raises(StoreRefused, match=r"left search_path=other_test_.* out"):
            await admit_pooler(connection, other)


async def test_a_process_that_stands_still_in_mid_transaction_keeps_its_locks_for_seconds_only(  # P4
    postgres_url: str,
) -> None:
    async with connected(address_of(postgres_url)) as connection:
        assert await connection.fetchval("SHOW idle_in_transaction_session_timeout") == "10s"


async def test_connections_that_were_cut_come_again(postgres_url: str) -> None:  # P7
    name = f"cut_{uuid4().hex}"  # other tests have theirs on the same server
    store = postgres.store(postgres.with_options(postgres_url, application_name=name))
    await store.open()
    await insert_one(store)
    with store.signals.listen(EVERYTHING) as wake_up:
        with postgres.connected(postgres_url) as connection:
            ours = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
            assert len(connection.execute(ours, (name,)).fetchall()) >= 2  # one works, one listens
        assert await wake_up.wait(DEADLINE_SECONDS)  # it listens again
    while True:
        try:
            await insert_one(store)
        except StoreUnavailable:
            continue
        break
    assert len(await store.jobs.claim(asking())) == 2
    await store.close()


async def test_a_store_that_everybody_forgets_stays_until_it_is_closed(postgres_url: str) -> None:
    """Else the garbage collector would end its connections, in whichever thread it runs, and with them the process."""
    store = postgres.store(postgres_url)
    await store.open()
    kept = weakref.ref(store)
    del store
    gc.collect()
    forgotten = kept()
    assert forgotten is not None
    await forgotten.close()
