"""Enqueues jobs and looks after them as a program of a user's would; killed and started again, it goes on.

`python -m tests.system.producer` does so in a process of its own, beside the installation that its variables name.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Unpack

import httpx2

from jobhive import Jobhive, StoreError, UnknownJob
from jobhive.core.access import Scope
from jobhive.core.errors import UnknownWorker
from jobhive.core.ids import new_job_id
from jobhive.core.record import JobRecord
from jobhive.core.retention import Retention
from jobhive.core.states import State
from jobhive.core.token import NewToken
from jobhive.settings import load_settings
from jobhive.store.port import ClaimRequest, Store
from jobhive.store.signals import EVERYTHING
from jobhive.testing import new_job, record_of
from jobhive.testing.faults import ENQUEUE, HISTORY, PURGE, History
from jobhive.testing.jobs import JobChanges

RETRY, RETIRE, FOLLOW = "retry", "retire", "follow"
TOKEN = "tok-0000000000000000"
SQUARES = 20
_DEADLINE_SECONDS = 60


class Producer:
    """Remembers in the history what it asked for, so that a second life repeats it under the same ids."""

    def __init__(self, store: Store, history: History) -> None:
        self.store = store
        self.history = history
        lines = history.read()
        self._ids = {line.detail["step"]: line.subject for line in lines if line.what == ENQUEUE}
        self._done = {(line.what, line.subject) for line in lines if line.phase == "ok"}

    async def enqueue(self, step: str, kind: str, **changes: Unpack[JobChanges]) -> str:
        """The job of this step, enqueued now or in an earlier life."""
        job_id = self._ids.get(step) or new_job_id()
        if (ENQUEUE, job_id) not in self._done:
            changes["job_id"] = job_id
            with self.history.noting(ENQUEUE, job_id, step=step):
                await self.store.jobs.insert([new_job(kind, **changes)])
        return job_id

    def has_done(self, what: str, subject: str) -> bool:
        """Whether an earlier life did it and knows that it did."""
        return (what, subject) in self._done

    async def until(self, job_id: str, holds: Callable[[JobRecord], bool]) -> JobRecord:
        """Waits for a fact of the job's record, also for one that rings no bell."""
        async with asyncio.timeout(_DEADLINE_SECONDS):
            with self.store.signals.listen(EVERYTHING) as wake:
                while not holds(record := await record_of(self.store, job_id)):
                    await wake.wait(0.1)
        return record


async def produce(producer: Producer, folder: Path) -> None:
    """Everything that can be asked of a store, asked once."""
    ids = [await producer.enqueue(f"square {n}", "square", params=f'{{"n": {n}}}') for n in range(SQUARES)]
    counting = await producer.enqueue("count", "count", params='{"n": 8}')
    ids.append(await producer.enqueue("fail at first", "fail_at_first"))
    ids.append(await producer.enqueue("kill once", "kill_once", params=f'{{"marker": "{folder}/was-killed"}}'))
    doomed = await producer.enqueue("doomed", "fail", max_retries=0)
    late = await producer.enqueue("late", "square", params='{"n": 1}', delay_ms=300)
    endless = [await producer.enqueue(f"endless {n}", "until_cancelled") for n in range(2)]
    await _pause_and_resume(producer)
    await _follow(producer, counting)
    await _cancel(producer, endless)
    await _purge(producer, late)
    await _expire(producer, await producer.enqueue("brief", "brief"))
    await _retry(producer, doomed)
    for job_id in [*ids, counting, *endless, doomed]:
        await producer.until(job_id, _is_final)
    await _insisted(partial(producer.store.jobs.rescue, 1))  # which upkeep doubts for a while, and all have ended
    nobody = ClaimRequest("nobody", ("nowhere",), (), 1, is_for_suspects=True)  # as a solo process asks, if it lives
    await _insisted(partial(producer.store.jobs.claim, nobody))
    await _insisted(partial(_back_up, producer.store, folder / "copy.db"))
    await _insisted(partial(_let_in_and_out, producer.store))
    await _retire(producer)


async def _pause_and_resume(producer: Producer) -> None:
    for is_paused in (True, False):
        await _insisted(partial(producer.store.jobs.pause, "side", is_paused=is_paused))


async def _insisted(ask: Callable[[], Awaitable[object]]) -> None:
    """Asks again where a failpoint has failed the store, which each does once."""
    try:
        await ask()
    except StoreError:
        await ask()


async def _follow(producer: Producer, job_id: str) -> None:
    """Reads the job's stream over HTTP to its end; a server that is killed comes back. Later it wants a token."""
    if producer.has_done(FOLLOW, job_id):
        return
    with producer.store.signals.listen(EVERYTHING) as wake, producer.history.noting(FOLLOW, job_id):
        async with asyncio.timeout(_DEADLINE_SECONDS):
            while not await _has_ended(job_id):
                await wake.wait(0.1)


async def _has_ended(job_id: str) -> bool:
    try:
        async with httpx2.AsyncClient(base_url=load_settings().server, timeout=_DEADLINE_SECONDS) as client:
            answer = await client.get(f"/v1/jobs/{job_id}/stream")
    except httpx2.TransportError:
        return False
    return "[DONE]" in answer.text


async def _cancel(producer: Producer, job_ids: list[str]) -> None:
    """Only once a lease was renewed: that happens too."""
    for job_id in job_ids:
        await producer.until(job_id, lambda record: record.state.is_final or _is_renewed(producer.store, record))
        await producer.store.jobs.cancel(job_id, "it would never end")


def _is_renewed(store: Store, record: JobRecord) -> bool:
    times = (record.lease_until_ms, record.claimed_at_ms)
    return None not in times and (times[0] or 0) - (times[1] or 0) > store.lease.total_seconds() * 1000


async def _purge(producer: Producer, job_id: str) -> None:
    if producer.has_done(PURGE, job_id):
        return
    try:
        await producer.until(job_id, _is_final)
        with producer.history.noting(PURGE, job_id):
            await producer.store.jobs.purge(job_id)
    except (LookupError, UnknownJob):  # an earlier life did it and never heard so
        producer.history.note(PURGE, job_id, "ok")


async def _expire(producer: Producer, job_id: str) -> None:
    """The same, by its age."""
    if producer.has_done(PURGE, job_id):
        return
    ended = Retention(timedelta(0), frozenset({(State.COMPLETE, "brief")}))
    try:
        record = await producer.until(job_id, _is_final)
        await producer.until(job_id, lambda _: producer.store.clock.now_ms() > (record.finished_at_ms or 0))
        with producer.history.noting(PURGE, job_id):
            await producer.store.jobs.prune(ended, None, 1_000)
    except LookupError:  # an earlier life did it and never heard so
        producer.history.note(PURGE, job_id, "ok")


async def _back_up(store: Store, copy: Path) -> None:
    if not await asyncio.to_thread(copy.exists):
        await store.backup(copy)


async def _let_in_and_out(store: Store) -> None:
    """A token that is made, used and revoked."""
    if TOKEN not in {token.token_id for token in await store.tokens.list()}:
        await store.tokens.add(NewToken(TOKEN, "", "test", "", (Scope.READ,)), by="test")
    await store.tokens.touch(TOKEN)
    await store.tokens.revoke(TOKEN, by="test")


async def _retry(producer: Producer, job_id: str) -> None:
    record = await producer.until(job_id, _is_final)
    if record.state is State.FAILED and not producer.has_done(RETRY, job_id):
        with producer.history.noting(RETRY, job_id):
            await producer.store.jobs.retry(job_id)


async def _retire(producer: Producer) -> None:
    for worker in await producer.store.workers.active():
        with suppress(UnknownWorker), producer.history.noting(RETIRE, worker.worker_id):
            await _insisted(partial(producer.store.workers.retire, worker.worker_id))


def _is_final(record: JobRecord) -> bool:
    return record.state.is_final


async def _main() -> None:
    history = History(Path(os.environ[HISTORY]))
    async with Jobhive() as app:
        await produce(Producer(app.store, history), history.path.parent)
    history.close()


if __name__ == "__main__":
    asyncio.run(_main())
