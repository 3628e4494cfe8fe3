"""How long ended jobs are kept."""

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from jobhive.core.kind import Keep, Kind
from jobhive.core.states import State


class Retention(NamedTuple):
    """Jobs of these sorts are kept for this long after their end, and then deleted."""

    keep: timedelta
    sorts: frozenset[tuple[State, str]]  # final state and kind


def retentions(kinds: Iterable[Kind], defaults: Keep) -> list[Retention]:
    """What is to be deleted after which time, the shortest first: what a kind says of a state, else the default.

    Jobs of other kinds are none of ours and are kept.
    """
    by_time: dict[timedelta, set[tuple[State, str]]] = {}
    for kind in kinds:
        for state, keep in {**defaults, **kind.retain}.items():
            if keep is not None:
                by_time.setdefault(keep, set()).add((state, kind.name))
    return [Retention(keep, frozenset(by_time[keep])) for keep in sorted(by_time)]
