"""Which jobs a worker takes: whatever comes next, or what it looked at and chose."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from pydantic import BaseModel
from pydantic_core import to_json

from jobhive.client.handler import Facts
from jobhive.client.registry import Kinds
from jobhive.core.errors import InvalidInput
from jobhive.core.job import PendingJob, typed
from jobhive.core.receipt import Claim
from jobhive.core.record import JobRecord
from jobhive.narration import Episode
from jobhive.store.port import ClaimRequest, WorkerJobs
from jobhive.worker.claimer import Take

_MOST_LOOKED_AT = 1_000

Choice = Callable[[PendingJob[BaseModel]], bool]


def claim_request(worker_id: str, queues: Sequence[str], kinds: Kinds) -> ClaimRequest:
    """What a worker that knows these kinds asks for; limit and facts are set anew for every claim."""
    return ClaimRequest(worker=worker_id, queues=tuple(queues), kinds=tuple(kinds.names()), limit=0)


def next_in_line(jobs: WorkerJobs, ask: ClaimRequest, kinds: Kinds) -> Take:
    """Takes what comes next."""
    telling = _telling(kinds)

    async def take(limit: int) -> Sequence[Claim]:
        return await jobs.claim(ask._replace(limit=limit, facts=_facts(telling)))

    return take


def chosen(jobs: WorkerJobs, ask: ClaimRequest, kinds: Kinds, choose: Choice) -> Take:
    """Looks before it claims: a job that is not chosen is never touched."""
    chooser, telling = _Chooser(kinds, choose), _telling(kinds)

    async def take(limit: int) -> Sequence[Claim]:
        claims: list[Claim] = []
        for record in chooser.pick(await jobs.peek(ask.queues, ask.kinds, _MOST_LOOKED_AT)):
            claim = await jobs.claim_one(record.job_id, ask._replace(facts=_facts(telling)))
            claims += [claim] if claim is not None else []
            if len(claims) == limit:
                break
        return claims

    return take


def _telling(kinds: Kinds) -> Mapping[str, Facts]:
    """What is to be asked for facts, by kind."""
    return {handler.kind.name: handler.facts for handler in kinds if handler.facts is not None}


def _facts(telling: Mapping[str, Facts]) -> Mapping[str, str]:
    """As the store keeps them; a kind that knows nothing of itself yet is left out."""
    return {name: to_json(told).decode() for name, facts in telling.items() if (told := facts())}


class _Chooser:
    """Asks the user's code, which may fail: a job about which it fails stays where it is."""

    def __init__(self, kinds: Kinds, choose: Choice) -> None:
        self._kinds = kinds
        self._choose = choose
        self._trouble = Episode("claimer", "the choice of jobs")

    def pick(self, records: Iterable[JobRecord]) -> Iterator[JobRecord]:
        is_sound = True
        for record in records:
            try:
                is_wanted = self._wants(record)
            except Exception as error:  # whatever the user's code raises
                is_sound = is_wanted = False
                self._trouble.begin(f"it failed for {record.job_id}: {type(error).__name__}: {error}")
            if is_wanted:
                yield record
        if is_sound:
            self._trouble.end()

    def _wants(self, record: JobRecord) -> bool:
        try:
            job = typed(record, self._kinds[record.kind].kind)
        except InvalidInput:
            return True  # its attempt will say what is wrong with it
        return isinstance(job, PendingJob) and self._choose(job)
