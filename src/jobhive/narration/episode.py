"""Trouble that lasts: told when it begins and when it ends, not each time it is met, nor by everybody who meets it."""

import os
import time
from dataclasses import dataclass

from jobhive.narration.narrate import Level, narrate

_FORGOTTEN_SECONDS = 60.0  # who waits tries again sooner: what nobody met for so long has ended without a word


@dataclass(slots=True)
class _Trouble:
    """What somebody in this process met, for all who meet it for the same reason."""

    actor: str
    target: str
    met_at: float  # monotonic; the last time, by whomever

    def tell(self, action: str, sentence: str, level: Level) -> None:
        narrate(self.actor, action, self.target, sentence, level=level, pid=os.getpid())

    @property
    def is_forgotten(self) -> bool:
        return time.monotonic() - self.met_at > _FORGOTTEN_SECONDS


_told: dict[str, _Trouble] = {}  # by reason; until the first who met it goes on


class Episode:
    """One sort of trouble that one actor may have with one target, such as a store that does not answer.

    Where many have it for the same reason, the word of the first stands for all, and it is over when one of them goes
    on. Of what is met fewer than `told_from` times in a row nothing is said.
    """

    def __init__(self, actor: str, target: str, *, told_from: int = 1) -> None:
        self._actor = actor
        self._target = target
        self._told_from = told_from
        self._times = 0  # met in a row
        self._why: str | None = None  # a key of `_told`, as long as it is there

    @property
    def is_on(self) -> bool:
        """Between `begin` and `end`."""
        return self._times > 0

    def begin(self, why: str) -> None:
        """The trouble was met; further calls say nothing until it has ended."""
        self._times += 1
        if self._times >= self._told_from:
            self._join(why)

    def end(self) -> None:
        """All is well; says so if there was trouble."""
        self._times = 0
        if self._why is not None and (trouble := _told.pop(self._why, None)):
            trouble.tell("goes on", "the trouble is over", "info")
        self._why = None

    def _join(self, why: str) -> None:
        """Threads may come at once: the worst is a line that is told twice."""
        if self._why not in _told:  # it is new to this one, or another who met it has gone on
            self._why = why
        trouble = _told.get(self._why)
        if trouble is None or trouble.is_forgotten:
            trouble = _told[self._why] = _Trouble(self._actor, self._target, time.monotonic())
            trouble.tell("waits", why, "warning")
        else:
            trouble.met_at = time.monotonic()
