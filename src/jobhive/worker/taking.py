"""Which jobs a worker takes: whatever comes next, or what it looked at and chose."""

from collections.abc import Callable, Sequence

from pydantic import BaseModel

from jobhive.client.registry import Kinds
from jobhive.core.job import Job, typed
from jobhive.core.receipt import Claim
from jobhive.core.record import JobRecord
from jobhive.store.port import ClaimRequest, WorkerJobs
from jobhive.worker.claimer import Take

_MOST_LOOKED_AT = 1_000

Choice = Callable[[Job[BaseModel, BaseModel, object]], bool]


def claim_request(worker_id: str, queues: Sequence[str], kinds: Kinds) -> ClaimRequest:
    """What a worker that knows these kinds asks for; the limit is set anew for every claim."""
    facts = {handler.kind.name: facts for handler in kinds if (facts := handler.facts_json) is not None}
    return ClaimRequest(worker=worker_id, queues=tuple(queues), kinds=tuple(kinds.names()), limit=0, facts=facts)


def next_in_line(jobs: WorkerJobs, ask: ClaimRequest) -> Take:
    """Takes what comes next."""

    async def take(limit: int) -> Sequence[Claim]:
        return await jobs.claim(ask._replace(limit=limit))

    return take


def chosen(jobs: WorkerJobs, ask: ClaimRequest, kinds: Kinds, choose: Choice) -> Take:
    """Looks before it claims: a job that is not chosen is never touched."""

    async def take(limit: int) -> Sequence[Claim]:
        claims: list[Claim] = []
        for record in await jobs.peek(ask.queues, ask.kinds, _MOST_LOOKED_AT):
            if len(claims) < limit and choose(_typed(record, kinds)):
                claim = await jobs.claim_one(record.job_id, ask)
                claims += [claim] if claim is not None else []
        return claims

    return take


def _typed(record: JobRecord, kinds: Kinds) -> Job[BaseModel, BaseModel, object]:
    return typed(record, kinds[record.kind].kind)
