"""What attempts led to: results in one statement, or a few where they are large; all other moves in one transaction."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

from jobhive.core.errors import StoreError
from jobhive.core.outcome import Cancel, Complete, Fail, Move, Release, Schedule
from jobhive.failpoints import failpoint
from jobhive.store.postgres.group import EVERYBODYS
from jobhive.store.postgres.moves import leave_by_moves, receipts_of, stand_as
from jobhive.store.postgres.portions import portions
from jobhive.store.postgres.writer import Transaction, Writer
from jobhive.store.signals import job_topic, queue_topic

M = TypeVar("M", bound=Move)


class Finishing:
    """Writes moves; whether each was accepted, now or when it was first sent, in their order."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def finish(self, moves: Sequence[Move]) -> list[bool]:
        """Results first and together, for they are many. A refusal is raised once all other moves are written."""
        refusals: list[StoreError] = []
        completes = [move for move in moves if isinstance(move, Complete)]
        results = await self._complete(completes, refusals) if completes else []
        others = [move for move in moves if not isinstance(move, Complete)]
        left = await _by_halves(self._leave, others, refusals) if others else []
        if refusals:
            raise refusals[0]
        completed, gone = iter(results), iter(left)
        return [next(completed if isinstance(move, Complete) else gone) for move in moves]

    async def _complete(self, moves: Sequence[Complete], refusals: list[StoreError]) -> list[bool]:
        """With a commit for each portion: what is written stays so, should the next one fail and all be sent again."""
        is_accepted: list[bool] = []
        for portion in portions(moves, [len(move.result) + len(move.ending or "") for move in moves]):
            is_accepted += await _by_halves(self._complete_together, portion, refusals)
        return is_accepted

    async def _complete_together(self, moves: Sequence[Complete]) -> list[bool]:
        return await self._writer.run_one(partial(_complete, moves=moves))

    async def _leave(self, moves: Sequence[Fail | Schedule | Cancel | Release]) -> list[bool]:
        return await self._writer.run(partial(leave_by_moves, moves=moves))


async def _by_halves(
    write: Callable[[Sequence[M]], Awaitable[list[bool]]], moves: Sequence[M], refusals: list[StoreError]
) -> list[bool]:
    """All together, unless the server refuses that: then each half by itself, until only what it refuses is left.

    What was written before stands when it is sent again, so the neighbours of a refused move are not run again.
    """
    try:
        return await write(moves)
    except StoreError as error:
        if isinstance(error, EVERYBODYS):
            raise
        if len(moves) == 1:
            refusals.append(error)
            return [False]
    half = len(moves) // 2
    first = await _by_halves(write, moves[:half], refusals)
    return first + await _by_halves(write, moves[half:], refusals)


async def _complete(transaction: Transaction, moves: Sequence[Complete]) -> list[bool]:
    once = _first_of_each(moves)
    bound = {
        **receipts_of(once),
        "results": [move.result for move in once],
        "endings": [move.ending for move in once],
    }
    [(changed, limited)] = await transaction.db.all("complete", bound)
    failpoint("act.complete")
    transaction.topics.update(map(queue_topic, limited))
    # where some did not change, they belong to somebody else, or were written before
    is_accepted = [True] * len(moves) if changed == len(moves) else await stand_as(transaction.db, moves)
    transaction.topics.update(
        [job_topic(move.job_id) for move, is_mine in zip(moves, is_accepted, strict=True) if is_mine]
    )
    return is_accepted


def _first_of_each(moves: Sequence[Complete]) -> Sequence[Complete]:
    """Should there be two results for one claim, the first counts. In the order of the ids, in which all lock rows."""
    return sorted({(move.job_id, move.token): move for move in reversed(moves)}.values())
