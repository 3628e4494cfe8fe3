"""Every way in which an owner may let go of a job, as a parameter of a promise."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from jobhive.core.outcome import Move
from jobhive.testing.jobs import Owned, cancel, complete, fail, release, retry, snooze

MakeMove = Callable[[Owned], Move]

MINUTE = timedelta(minutes=1)


def retry_in_a_minute(owned: Owned) -> Move:
    """The attempt failed and is due again in a minute."""
    return retry(owned, MINUTE)


def snooze_for_a_minute(owned: Owned) -> Move:
    """The attempt is due again in a minute; nothing failed."""
    return snooze(owned, MINUTE)


FINAL_MOVES: tuple[MakeMove, ...] = (complete, fail, cancel)
RETURNING_MOVES: tuple[MakeMove, ...] = (retry_in_a_minute, snooze_for_a_minute, release)

each_final_move = pytest.mark.parametrize("move", FINAL_MOVES)
each_returning_move = pytest.mark.parametrize("move", RETURNING_MOVES)
each_move = pytest.mark.parametrize("move", FINAL_MOVES + RETURNING_MOVES)
