"""What the bench computes from what it saw."""

from pathlib import Path

import pytest

from jobhive.bench.counting import Count, admit_empty, count_faults
from jobhive.bench.figures import Quantiles, quantiles
from jobhive.core.errors import StoreRefused
from jobhive.store.sqlite import SqliteStore
from jobhive.testing import asking, claim_one, complete, fail, insert_one, new_job, release, start_one


async def test_lost_and_doubled_jobs_are_found(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "jobhive.db")
    await store.open()
    await admit_empty(store)
    once, broken, twice = [await start_one(store) for _ in range(3)]
    await store.jobs.finish([complete(once), fail(broken), release(twice)])
    await store.jobs.finish([complete(await claim_one(store))])
    await insert_one(store)
    assert await count_faults(store, expected=5) == Count(lost=3, doubled=1)  # one failed, one pending, one never came
    with pytest.raises(StoreRefused, match="holds 4 jobs"):
        await admit_empty(store)
    await store.close()


async def test_every_page_is_counted(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "jobhive.db")
    await store.open()
    await store.jobs.insert([new_job() for _ in range(1_001)])
    assert await count_faults(store, expected=1_002) == Count(lost=1_002, doubled=0)
    claims = await store.jobs.claim(asking("a"))
    await store.jobs.finish([complete(claim) for claim in claims])
    assert await count_faults(store, expected=1_002) == Count(lost=1, doubled=0)
    await store.close()


def test_quantiles_are_durations_that_were_seen() -> None:
    assert quantiles([7_000_000]) == Quantiles(7.0, 7.0)
    assert quantiles([number * 1_000_000 for number in range(200, 0, -1)]) == Quantiles(100.0, 198.0)
