"""Waiting for a fact: woken by the store's signals, checked in the store, bounded by a deadline."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from jobhive.core.record import JobRecord
from jobhive.core.states import State
from jobhive.store.port import Store
from jobhive.store.signals import job_topic, stream_topic
from jobhive.testing.observe import history, record_of

DEADLINE = timedelta(seconds=20)


class NotReached(AssertionError):
    """The deadline passed first. The message ends with the job's history."""


async def wait_for_state(store: Store, job_id: str, *states: State, deadline: timedelta = DEADLINE) -> JobRecord:
    """Waits until the job is in one of the states, any final one if none is told. Raises NotReached."""
    wanted = frozenset(states) or frozenset(state for state in State if state.is_final)
    sentence = f"{job_id} did not become {' or '.join(sorted(wanted))}"
    return await wait_for_job(store, job_id, lambda job: job.state in wanted, sentence, deadline=deadline)


async def wait_for_job(
    store: Store,
    job_id: str,
    holds: Callable[[JobRecord], bool],
    otherwise: str,
    *,
    deadline: timedelta = DEADLINE,
) -> JobRecord:
    """Waits until `holds` is true of the job's record; `otherwise` says what did not happen. Raises NotReached."""
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + deadline.total_seconds()
    with store.signals.listen(job_topic(job_id), stream_topic(job_id)) as wake:
        while not holds(record := await record_of(store, job_id)):
            if loop.time() >= ends_at:
                raise NotReached(f"{otherwise}\n{await history(store, job_id)}")
            await wake.wait(ends_at - loop.time())
    return record
