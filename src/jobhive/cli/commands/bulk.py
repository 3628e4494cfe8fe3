"""One act on the jobs that were named, or on all that match: what is counted and agreed to is what is done."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

from jobhive.cli.commands.each import for_each
from jobhive.cli.exits import CommandError, Exit
from jobhive.cli.output import note, say
from jobhive.cli.screen.asking import confirm
from jobhive.cli.screen.bar import Bar
from jobhive.cli.server.http import Api, connect
from jobhive.cli.server.job_calls import cancel_job, drop_job, matching_ids, purge_job, retry_job
from jobhive.core.states import FINAL, OPEN, State

_IDLE = sorted(OPEN - {State.RUNNING})

_AT_ONCE = 8  # calls under way, so that their commits share a sync of the disk
_PASSED = frozenset({Exit.CONFLICT, Exit.NOT_FOUND})  # the job has moved on since it was counted


class Act(NamedTuple):
    """What can be done to many jobs."""

    verb: str
    done: str
    call: Callable[[Api, str], str]  # does it to one job; says what came of it
    states: Sequence[State]  # in which a job allows it
    usual: Sequence[State]  # meant where filters name no state
    always_asks: bool = False


class Choice(NamedTuple):
    """Which jobs: these, or all that match."""

    job_ids: Sequence[str] = ()
    state: str | None = None
    kind: str | None = None
    queue: str | None = None
    is_all: bool = False


CANCEL = Act("cancel", "cancelled", cancel_job, sorted(OPEN), sorted(OPEN))
RETRY = Act("retry", "retried", retry_job, [State.CANCELLED, State.FAILED], [State.FAILED])
DELETE = Act("delete", "deleted", purge_job, sorted(FINAL), sorted(FINAL), always_asks=True)
PURGE = Act("purge", "purged", drop_job, _IDLE, _IDLE, always_asks=True)


def steer(act: Act, choice: Choice, server: str | None, *, is_agreed: bool, is_dry: bool) -> None:
    """Does it. Raises CommandError where the choice is none or nobody agreed, typer.Exit where a job refused."""
    _check(act, choice)
    with connect(server) as api:
        job_ids = choice.job_ids or _matching(api, act, choice)
        if is_dry:
            say(str(len(job_ids)))
            note(f"{_counted(job_ids)} would be {act.done}; nothing was done")
        elif choice.job_ids:
            confirm(_question(act, job_ids), is_agreed=is_agreed or not act.always_asks)
            for_each(job_ids, lambda job_id: act.call(api, job_id))
        else:
            do_to_all(api, act, job_ids, is_agreed=is_agreed)


def do_to_all(api: Api, act: Act, job_ids: Sequence[str], *, is_agreed: bool) -> None:
    """Asks, and does it to all of them but those that have moved on meanwhile."""
    if not job_ids:
        note("no jobs match")
        return
    confirm(_question(act, job_ids), is_agreed=is_agreed)
    count = _done_to(api, act, job_ids)
    passed = len(job_ids) - count
    note(f"{count} {act.done}" + (f"; {passed} had moved on meanwhile and were left alone" if passed else ""))


def _done_to(api: Api, act: Act, job_ids: Sequence[str]) -> int:
    bar, pool, count = Bar(), ThreadPoolExecutor(_AT_ONCE), 0
    try:
        for number, is_done in enumerate(pool.map(partial(_is_done, api, act), job_ids), 1):
            count += is_done
            if number % 100 == 0:
                bar.show(100 * number / len(job_ids), act.verb, f"{number} of {len(job_ids)}")
    finally:
        bar.hide()
        pool.shutdown(cancel_futures=True)
    return count


def _is_done(api: Api, act: Act, job_id: str) -> bool:
    try:
        act.call(api, job_id)
    except CommandError as error:
        if error.code in _PASSED:
            return False
        raise
    return True


def _check(act: Act, choice: Choice) -> None:
    has_filters = any((choice.state, choice.kind, choice.queue))
    if choice.job_ids and (has_filters or choice.is_all):
        raise CommandError("name ids or choose by filters, not both", Exit.USAGE)
    if not choice.job_ids and not choice.is_all:
        advice = (
            "--all-matching says that all of them are meant" if has_filters else "or choose: --state … --all-matching"
        )
        raise CommandError(f"name the jobs to {act.verb} by their ids; {advice}", Exit.USAGE)
    if choice.state is not None and choice.state not in act.states:
        raise CommandError(f"jobs can be {act.done} that are {', '.join(act.states)}, not {choice.state}", Exit.USAGE)


def _matching(api: Api, act: Act, choice: Choice) -> list[str]:
    states = act.usual if choice.state is None else [State(choice.state)]
    return matching_ids(api, states, kind=choice.kind, queue=choice.queue)


def _question(act: Act, job_ids: Sequence[str]) -> str:
    what = job_ids[0] if len(job_ids) == 1 else _counted(job_ids)
    return f"{act.verb.capitalize()} {what}{' for good' if act.always_asks else ''}?"


def _counted(job_ids: Sequence[str]) -> str:
    return "1 job" if len(job_ids) == 1 else f"{len(job_ids):,} jobs"
