"""Which jobs a worker takes: whatever comes next, or what it looked at and chose."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from pydantic import BaseModel
from pydantic_core import to_json

from jobhive.client.registry import Kinds
from jobhive.core.errors import InvalidInput, StoreError
from jobhive.core.job import PendingJob, typed
from jobhive.core.receipt import Claim
from jobhive.core.record import JobRecord
from jobhive.narration import Episode
from jobhive.store.port import ClaimRequest, WorkerJobs
from jobhive.worker.claimer import Take

_MOST_LOOKED_AT = 1_000

Choice = Callable[[PendingJob[BaseModel]], bool]


def claim_request(
    worker_id: str, queues: Sequence[str], kinds: Kinds, *, is_for_suspects: bool = False
) -> ClaimRequest:
    """What a worker that knows these kinds asks for; limit, queues and facts are set anew for every claim."""
    return ClaimRequest(worker_id, tuple(queues), tuple(kinds.names()), limit=0, is_for_suspects=is_for_suspects)


def next_in_line(jobs: WorkerJobs, ask: ClaimRequest, kinds: Kinds) -> Take:
    """Takes what comes next."""
    asking = _Asking(ask, kinds)

    async def take(limit: int, queues: Sequence[str]) -> Sequence[Claim]:
        return await jobs.claim(asking.now()._replace(limit=limit, queues=tuple(queues)))

    return take


def chosen(jobs: WorkerJobs, ask: ClaimRequest, kinds: Kinds, choose: Choice) -> Take:
    """Looks before it claims: a job that is not chosen is never touched."""
    chooser, asking = _Chooser(kinds, choose), _Asking(ask, kinds)

    async def take(limit: int, queues: Sequence[str]) -> Sequence[Claim]:
        claims: list[Claim] = []
        for record in chooser.pick(await jobs.peek(queues, ask.kinds, _MOST_LOOKED_AT)):
            try:
                claim = await jobs.claim_one(record.job_id, asking.now())
            except StoreError:
                if claims:  # they are this worker's, and nobody else would renew them
                    break
                raise
            claims += [claim] if claim is not None else []
            if len(claims) == limit:
                break
        return claims

    return take


def until_none_is_left(take: Take, queues: Sequence[str], none_left: Callable[[], None]) -> Take:
    """Takes from all of these queues, and tells when there was nothing to take."""

    async def tried(limit: int, _: Sequence[str]) -> Sequence[Claim]:
        claims = await take(limit, queues)
        if not claims:
            none_left()
        return claims

    return tried


def at_most(count: int, take: Take, reached: Callable[[], None]) -> Take:
    """Takes so many jobs in all, and tells when it has."""
    left = count

    async def limited(limit: int, queues: Sequence[str]) -> Sequence[Claim]:
        nonlocal left
        claims = await take(min(limit, left), queues)
        left -= len(claims)
        if left == 0:
            reached()
        return claims

    return limited


class _Asking:
    """The request with what the kinds tell of themselves, which is worded anew only when it has changed."""

    def __init__(self, ask: ClaimRequest, kinds: Kinds) -> None:
        self._ask = ask
        self._telling = [(handler.kind.name, handler.facts) for handler in kinds if handler.facts is not None]
        self._told: list[dict[str, str]] = []  # as the request has it

    def now(self) -> ClaimRequest:
        """A kind that knows nothing of itself yet is left out."""
        told = [dict(facts()) for _, facts in self._telling]
        if told != self._told:
            named = zip((name for name, _ in self._telling), told, strict=True)
            self._ask = self._ask._replace(facts={name: to_json(facts).decode() for name, facts in named if facts})
            self._told = told
        return self._ask


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
