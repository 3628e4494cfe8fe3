"""What other tests stand on: builders that say what is wrong, waits that end, a suite that cannot be thinned out."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from jobhive.core.states import State
from jobhive.store.port import Store
from jobhive.testing import (
    NotReached,
    append,
    asking,
    claim_one,
    complete,
    expire_leases,
    fail,
    history,
    insert_one,
    new_job,
    record_of,
    retry,
    start_one,
    stored_events,
    wait_for_job,
    wait_for_state,
)
from jobhive.testing.conformance.suite import StoreConformance
from jobhive.testing.stores import sqlite_store

MOMENT = timedelta(milliseconds=1)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = sqlite_store(str(tmp_path / "jobhive.db"))
    await store.open()
    yield store
    await store.close()


async def test_a_wait_ends_with_the_fact(store: Store) -> None:  # S14
    claim = await start_one(store)
    waiting = asyncio.ensure_future(wait_for_state(store, claim.job_id, State.COMPLETE))
    await store.events.append([append(claim, 2, "not yet")])
    await store.jobs.finish([complete(claim, "1")])
    assert (await waiting).result == "1"


async def test_a_wait_for_no_state_in_particular_ends_with_any_final_one(store: Store) -> None:  # S14
    claim = await start_one(store)
    waiting = asyncio.ensure_future(wait_for_state(store, claim.job_id))
    await store.jobs.finish([retry(claim)])
    await store.jobs.finish([fail(await claim_one(store))])
    assert (await waiting).state is State.FAILED


async def test_a_wait_may_be_for_anything_that_the_record_tells(store: Store) -> None:  # S14
    claim = await start_one(store)
    waiting = asyncio.ensure_future(wait_for_job(store, claim.job_id, lambda job: job.last_seq == 3, "no 3rd event"))
    await store.events.append([append(claim, 2, "x", "y")])
    assert (await waiting).state is State.RUNNING


async def test_a_wait_in_vain_ends_with_the_jobs_history(store: Store) -> None:  # S14
    claim = await start_one(store)
    await store.events.append([append(claim, 2, "a word")])
    await store.jobs.finish([retry(claim)])
    with pytest.raises(NotReached) as failure:
        await wait_for_state(store, claim.job_id, State.COMPLETE, State.FAILED, deadline=MOMENT)
    for part in (claim.job_id, "complete or failed", "scheduled", "AttemptRecord", "a word", "broken"):
        assert part in str(failure.value)


async def test_unknown_jobs_are_said_to_be_unknown(store: Store) -> None:
    unknown = new_job().job_id
    assert "not stored" in await history(store, unknown)
    with pytest.raises(LookupError, match=unknown):
        await record_of(store, unknown)
    with pytest.raises(LookupError, match=unknown):
        await wait_for_state(store, unknown)


async def test_a_claim_of_nothing_says_what_there_is(store: Store) -> None:
    await insert_one(store, "mail")
    with pytest.raises(LookupError, match="'pending': 1"):
        await claim_one(store)


async def test_a_claim_takes_what_is_due_and_what_is_lost(store: Store) -> None:  # S14
    due = await insert_one(store, run_at_ms=store.clock.now_ms() + 1)
    expire_leases(store)
    assert (await claim_one(store)).job_id == due
    expire_leases(store)
    assert (await claim_one(store, worker="b")).attempt == 2


async def test_long_streams_are_read_to_their_end(store: Store) -> None:
    claim = await start_one(store)
    await store.events.append([append(claim, number, "x") for number in range(2, 302)])
    assert [event.seq for event in await stored_events(store, claim.job_id)] == list(range(2, 302))
    assert [event.seq for event in await stored_events(store, claim.job_id, after=250)] == list(range(251, 302))
    assert len(await store.jobs.claim(asking())) == 0


def test_a_suite_cannot_be_thinned_out() -> None:
    with pytest.raises(TypeError, match="test_the_oldest_comes_first"):
        type("Thinned", (StoreConformance,), {"test_the_oldest_comes_first": None})


def test_a_promise_cannot_hide_another() -> None:
    names = [name for act in StoreConformance.__bases__ for name in vars(act) if name.startswith("test_")]
    assert len(names) == len(set(names)) > 150


def test_the_builders_need_no_pytest() -> None:
    script = "import sys, jobhive.testing; sys.exit('pytest' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)
