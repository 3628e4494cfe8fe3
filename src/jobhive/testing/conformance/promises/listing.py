"""Listing: newest first, by filter, in pages that stay where they were while jobs come in."""

from collections.abc import Sequence

import pytest

from jobhive.core.errors import InvalidInput
from jobhive.core.record import JobFilter, JobRecord
from jobhive.core.states import State
from jobhive.store.port import Page, Store
from jobhive.testing import asking, complete, insert_one, new_job, record_of, start_one

FOREIGN_CURSORS = ["garbage", "-1", "1; DROP TABLE job", "🐝", "1" * 100, "null", " "]


async def _insert_mixed(store: Store) -> list[str]:
    """Twelve jobs of two kinds, queues and owners; oldest first."""
    jobs = [
        new_job(
            ("noop", "mail")[number % 2], queue=("default", "out")[number // 2 % 2], owner=("", "ada")[number // 4 % 2]
        )
        for number in range(12)
    ]
    await store.jobs.insert(jobs)
    return [job.job_id for job in jobs]


async def _all_pages(store: Store, where: JobFilter, limit: int) -> list[JobRecord]:
    listed: list[JobRecord] = []
    page = await store.jobs.list(where, limit, None)
    while page.cursor is not None:
        assert len(page.jobs) <= limit
        listed += page.jobs
        assert len(listed) <= 12, "the pages go round in circles"
        page = await store.jobs.list(where, limit, page.cursor)
    return listed + page.jobs


def _ids(jobs: Sequence[JobRecord]) -> list[str]:
    return [job.job_id for job in jobs]


class Listing:
    async def test_an_empty_store_lists_nothing(self, store: Store) -> None:
        assert await store.jobs.list(JobFilter(), 10, None) == Page([], None)

    async def test_the_newest_comes_first(self, store: Store) -> None:  # S7
        ids = await _insert_mixed(store)
        page = await store.jobs.list(JobFilter(), 100, None)
        assert _ids(page.jobs) == ids[::-1]
        assert page.cursor is None
        assert page.jobs == (await store.jobs.get(ids))[::-1]

    async def test_claims_and_priorities_do_not_change_the_order(self, store: Store) -> None:
        ids = [await insert_one(store, priority=priority) for priority in (0, 9, 3)]
        await store.jobs.claim(asking(limit=2))
        assert _ids((await store.jobs.list(JobFilter(), 10, None)).jobs) == ids[::-1]

    @pytest.mark.parametrize("limit", [1, 2, 5, 11, 12, 13])
    async def test_pages_show_every_job_once(self, store: Store, limit: int) -> None:
        ids = await _insert_mixed(store)
        assert _ids(await _all_pages(store, JobFilter(), limit)) == ids[::-1]

    @pytest.mark.parametrize(
        "where",
        [
            JobFilter(kind="mail"),
            JobFilter(queue="out"),
            JobFilter(owner="ada"),
            JobFilter(owner=""),
            JobFilter(state=State.RUNNING),
            JobFilter(state=State.RUNNING, owner="ada"),
            JobFilter(state=State.RUNNING, queue="out"),
            JobFilter(state=State.RUNNING, kind="noop", owner=""),
            JobFilter(state=State.PENDING, kind="noop", queue="default", owner="ada"),
            JobFilter(state=State.COMPLETE),
            JobFilter(state=State.WAITING),
            JobFilter(kind="no' OR '1'='1"),
            JobFilter(queue="%"),
        ],
        ids=str,
    )
    async def test_filters_are_met_by_all_and_only_matching_jobs(self, store: Store, where: JobFilter) -> None:  # S16
        ids = await _insert_mixed(store)
        await store.jobs.claim(asking(limit=3))
        claims = await store.jobs.claim(asking(queues=["out"], kinds=["mail"], limit=2))
        await store.jobs.finish([complete(claims[0])])
        wanted = {name: value for name, value in where._asdict().items() if value is not None}
        matching = [job.job_id for job in await store.jobs.get(ids) if wanted.items() <= job._asdict().items()]
        assert _ids(await _all_pages(store, where, 2)) == matching[::-1]

    @pytest.mark.parametrize("state", [state for state in State if state is not State.WAITING])
    async def test_every_state_can_be_listed(self, store: Store, state: State) -> None:
        pending, scheduled = await insert_one(store), await insert_one(store, delay_ms=60_000)
        cancelled, failed, running = (
            await insert_one(store),
            await start_one(store, on_crash="fail"),
            await start_one(store),
        )
        await store.jobs.cancel(cancelled, "")
        done = await start_one(store)
        await store.jobs.finish([complete(done)])
        await store.jobs.rescue_from("a")
        kept = await store.jobs.claim_one(running.job_id, asking())
        assert kept is not None
        one_each = [pending, scheduled, cancelled, failed.job_id, running.job_id, done.job_id]
        expected = [job_id for job_id in one_each if (await record_of(store, job_id)).state is state]
        assert len(expected) == 1
        assert _ids((await store.jobs.list(JobFilter(state=state), 10, None)).jobs) == expected

    async def test_jobs_that_come_in_meanwhile_do_not_move_a_page(self, store: Store) -> None:  # S7
        ids = await _insert_mixed(store)
        first = await store.jobs.list(JobFilter(), 5, None)
        await _insert_mixed(store)
        second = await store.jobs.list(JobFilter(), 5, first.cursor)
        await insert_one(store)
        third = await store.jobs.list(JobFilter(), 5, second.cursor)
        assert _ids([*first.jobs, *second.jobs, *third.jobs]) == ids[::-1]
        assert third.cursor is None

    async def test_jobs_that_leave_meanwhile_do_not_move_a_page(self, store: Store) -> None:
        ids = await _insert_mixed(store)
        first = await store.jobs.list(JobFilter(), 4, None)
        for job_id in (ids[8], ids[7], ids[11]):  # the last one shown, the next one, the newest
            await store.jobs.cancel(job_id, "")
            await store.jobs.purge(job_id)
        second = await store.jobs.list(JobFilter(), 100, first.cursor)
        assert _ids(second.jobs) == ids[6::-1]

    async def test_a_cursor_is_good_in_another_store(self, store: Store, other: Store) -> None:
        ids = await _insert_mixed(store)
        first = await store.jobs.list(JobFilter(), 7, None)
        assert _ids((await other.jobs.list(JobFilter(), 7, first.cursor)).jobs) == ids[4::-1]

    @pytest.mark.parametrize("limit", [0, -1, 2**63])
    async def test_a_page_of_none_is_refused(self, store: Store, limit: int) -> None:
        with pytest.raises(InvalidInput, match=f"limit: {limit} is not from 1"):
            await store.jobs.list(JobFilter(), limit, None)

    @pytest.mark.parametrize("cursor", FOREIGN_CURSORS)
    async def test_a_foreign_cursor_is_refused(self, store: Store, cursor: str) -> None:
        await insert_one(store)
        with pytest.raises(InvalidInput) as refusal:
            await store.jobs.list(JobFilter(), 10, cursor)
        assert cursor.strip() == "" or cursor not in str(refusal.value)
