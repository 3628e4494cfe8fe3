"""What attempts led to: results in one statement, all other moves in one transaction."""

from collections.abc import Sequence
from functools import partial

from jobhive.core.outcome import Complete, Move
from jobhive.failpoints import failpoint
from jobhive.store.postgres.moves import leave_by_moves, receipts_of, stand_as
from jobhive.store.postgres.writer import Transaction, Writer
from jobhive.store.signals import job_topic, queue_topic


class Finishing:
    """Writes moves; whether each was accepted, now or when it was first sent, in their order."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def finish(self, moves: Sequence[Move]) -> list[bool]:
        """Results first and together, for they are many."""
        completes = [move for move in moves if isinstance(move, Complete)]
        results = await self._writer.run_one(partial(_complete, moves=completes)) if completes else []
        others = [move for move in moves if not isinstance(move, Complete)]
        left = await self._writer.run(partial(leave_by_moves, moves=others)) if others else []
        completed, gone = iter(results), iter(left)
        return [next(completed if isinstance(move, Complete) else gone) for move in moves]


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
