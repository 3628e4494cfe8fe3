"""Compares a history with the store: nothing acknowledged is lost, nothing is done twice, no move is illegal.

It reads what is stored and trusts no trigger, constraint or line of code that wrote it.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from jobhive.core.event import ATTEMPT, Event
from jobhive.core.record import AttemptRecord, JobRecord
from jobhive.core.states import State
from jobhive.store.port import Store
from jobhive.store.sqlite import SqliteStore
from jobhive.streams.reader import StreamReader
from jobhive.testing.faults.history import ENQUEUE, PURGE, RUN, Happening
from jobhive.testing.observe import history as stored_history
from jobhive.testing.stores import sqlite_damage

_JOBS_SHOWN = 3
_WITHOUT_COMPLETING = {  # outcome of an attempt → where it may have left the job
    "failed": {State.SCHEDULED, State.PENDING, State.FAILED, State.CANCELLED},
    "snoozed": {State.SCHEDULED, State.PENDING, State.CANCELLED},
    "released": {State.PENDING, State.CANCELLED},
    "crashed": {State.PENDING, State.FAILED, State.CANCELLED},
    "lost": {State.PENDING, State.FAILED, State.CANCELLED},
    "cancelled": {State.CANCELLED},
}


class Report(NamedTuple):
    """What a history without a breach amounts to."""

    acknowledged: int  # jobs
    executions: Counter[int]  # so many jobs were run so many times
    states: Counter[State]

    def __str__(self) -> str:
        runs = ", ".join(f"{jobs} jobs {times}×" for times, jobs in sorted(self.executions.items()))
        states = ", ".join(f"{jobs} {state}" for state, jobs in sorted(self.states.items()))
        return f"{self.acknowledged} acknowledged, 0 lost: {states}; run: {runs}"


class Broken(AssertionError):
    """A promise was broken. The message tells the whole history of the jobs concerned."""


class _Story(NamedTuple):
    """One job as its history and the store tell it."""

    lines: list[Happening]
    record: JobRecord
    attempts: list[AttemptRecord]
    events: list[Event]


async def audit(store: Store, lines: Sequence[Happening]) -> Report:
    """Checks every job that the lines name, all of which must have ended. Raises Broken."""
    by_job: dict[str, list[Happening]] = {}
    for line in lines:
        if line.what in (ENQUEUE, RUN, PURGE):
            by_job.setdefault(line.subject, []).append(line)
    records = {record.job_id: record for record in await store.jobs.get(list(by_job))}
    breaches = {"": _damage(store)}
    for job_id, told in by_job.items():
        breaches[job_id] = await _breaches_of(store, told, records.get(job_id))
    broken = {job_id: found for job_id, found in breaches.items() if found}
    if broken:
        raise Broken(await _told(store, by_job, broken))
    return _report(by_job, records)


async def _breaches_of(store: Store, lines: list[Happening], record: JobRecord | None) -> list[str]:
    if record is None:
        was_acknowledged = any((line.what, line.phase) == (ENQUEUE, "ok") for line in lines)
        return ["it was acknowledged and is lost"] if was_acknowledged and not _was_purged(lines) else []
    if not record.state.is_final:
        return [f"it is stuck: {record.state}"]
    events = [event async for event in StreamReader(store).read(record.job_id)]
    story = _Story(lines, record, await store.jobs.attempts(record.job_id), events)
    return [*_wrong_runs(story), *_wrong_attempts(story), *_wrong_moves(story), *_wrong_stream(story)]


def _was_purged(lines: Sequence[Happening]) -> bool:
    return any(line.what == PURGE and line.phase != "failed" for line in lines)


def _wrong_runs(story: _Story) -> Iterator[str]:
    """Each claim is run once at most, and the result that counts is that of the claim which completed the job."""
    if any((line.what, line.phase) == (ENQUEUE, "failed") for line in story.lines):
        yield "it was refused and is stored"
    started = [line.detail["attempt"] for line in story.lines if (line.what, line.phase) == (RUN, "invoked")]
    for attempt, times in Counter(started).items():
        if times > 1:
            yield f"attempt {attempt} was run {times} times"
    yield from _wrong_result(story) if story.record.state is State.COMPLETE and started else ()


def _wrong_result(story: _Story) -> Iterator[str]:
    attempt, stored = story.record.attempt, json.loads(story.record.result or "null")
    runs = [line for line in story.lines if line.what == RUN and line.detail["attempt"] == attempt]
    if not runs:
        yield f"attempt {attempt} completed it without having been run"
    for line in runs:
        if line.phase == "ok" and line.detail.get("result", stored) != stored:
            yield f"its result is {stored}, but attempt {attempt} returned {line.detail['result']}"


def _wrong_attempts(story: _Story) -> Iterator[str]:
    """Every claim but the one that completed the job is recorded once, in order."""
    last = story.record.attempt - (story.record.state is State.COMPLETE)
    recorded = [attempt.attempt for attempt in story.attempts]
    if recorded != list(range(1, last + 1)):
        yield f"its attempts are recorded as {recorded}, and should be 1 to {last}"


def _wrong_moves(story: _Story) -> Iterator[str]:
    """An attempt leaves a job where another can follow, unless it was the last or an operator reopened the job."""
    reopened = {int(str(event.data["n"])) for event in story.events if _is_reopening(event)}
    for attempt in story.attempts:
        is_followed = attempt.attempt < story.record.attempt or story.record.state is State.COMPLETE
        allowed = _WITHOUT_COMPLETING.get(attempt.outcome, set())
        if is_followed and attempt.attempt + 1 not in reopened and allowed <= {State.CANCELLED}:
            yield f"attempt {attempt.attempt} ended it as {attempt.outcome}, and another followed"
        if not is_followed and story.record.state not in allowed | {State.CANCELLED}:
            yield f"attempt {attempt.attempt} was {attempt.outcome}, which cannot make it {story.record.state}"


def _wrong_stream(story: _Story) -> Iterator[str]:
    """Numbers without a gap, attempts in order, one end."""
    numbers = [event.seq for event in story.events]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"the numbers of its events have gaps or repeats: {numbers}"
    coming = [int(str(event.data["n"])) for event in story.events if event.type == ATTEMPT]
    if coming != sorted(set(coming)) or (coming and coming[-1] - story.record.attempt not in (0, 1)):
        yield f"its stream tells the attempts {coming}, the store stands at {story.record.attempt}"
    ends = [event.seq for event in story.events if event.is_terminal]
    reopenings = [event.seq - 1 for event in story.events if _is_reopening(event)]
    if ends != [*reopenings, len(numbers)]:
        yield f"its stream ends at {ends}, and was reopened after {reopenings}"


def _is_reopening(event: Event) -> bool:
    return event.type == ATTEMPT and event.data["reason"] == "operator"


def _damage(store: Store) -> list[str]:
    return sqlite_damage(store.path) if isinstance(store, SqliteStore) else []


def _report(by_job: dict[str, list[Happening]], records: dict[str, JobRecord]) -> Report:
    acknowledged = [lines for lines in by_job.values() if any((li.what, li.phase) == (ENQUEUE, "ok") for li in lines)]
    runs = [sum((line.what, line.phase) == (RUN, "invoked") for line in lines) for lines in by_job.values()]
    return Report(len(acknowledged), Counter(runs), Counter(record.state for record in records.values()))


async def _told(store: Store, by_job: dict[str, list[Happening]], broken: dict[str, list[str]]) -> str:
    parts = [f"{len(broken)} broken:"]
    for job_id, found in list(broken.items())[:_JOBS_SHOWN]:
        parts += [f"{job_id or 'the database'}: {'; '.join(found)}", *(f"  {line}" for line in by_job.get(job_id, []))]
        parts += [await stored_history(store, job_id)] if job_id else []
    return "\n".join(parts)
