"""The seven states of a job and the only moves between them; a trigger in the database holds the same table."""

from enum import StrEnum


class State(StrEnum):
    """Where a job stands. Values are what the database and the HTTP API say."""

    WAITING = "waiting"
    SCHEDULED = "scheduled"
    PENDING = "pending"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether no worker will touch the job again by itself."""
        return self in FINAL


FINAL = frozenset({State.COMPLETE, State.FAILED, State.CANCELLED})
OPEN = frozenset(State) - FINAL

LEGAL_MOVES: frozenset[tuple[State, State]] = frozenset(
    {
        (State.WAITING, State.PENDING),
        (State.WAITING, State.SCHEDULED),
        (State.WAITING, State.CANCELLED),
        (State.SCHEDULED, State.PENDING),
        (State.SCHEDULED, State.WAITING),
        (State.SCHEDULED, State.CANCELLED),
        (State.PENDING, State.RUNNING),
        (State.PENDING, State.CANCELLED),
        (State.RUNNING, State.RUNNING),
        (State.RUNNING, State.WAITING),
        (State.RUNNING, State.COMPLETE),
        (State.RUNNING, State.SCHEDULED),
        (State.RUNNING, State.PENDING),
        (State.RUNNING, State.FAILED),
        (State.RUNNING, State.CANCELLED),
        (State.FAILED, State.PENDING),
        (State.CANCELLED, State.PENDING),
    }
)


def is_legal(before: State, after: State) -> bool:
    """Whether a job may go from one state to the other."""
    return (before, after) in LEGAL_MOVES
