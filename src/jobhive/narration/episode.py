"""Trouble that lasts: told when it begins and when it ends, not every time it is met."""

from jobhive.narration.narrate import narrate


class Episode:
    """One sort of trouble that one actor may have with one target, such as a store that does not answer."""

    def __init__(self, actor: str, target: str) -> None:
        self._actor = actor
        self._target = target
        self.is_on = False  # between `begin` and `end`

    def begin(self, why: str) -> None:
        """The trouble was met; further calls say nothing until it has ended."""
        if not self.is_on:
            self.is_on = True
            narrate(self._actor, "waits", self._target, why, level="warning")

    def end(self) -> None:
        """All is well; says so if there was trouble."""
        if self.is_on:
            self.is_on = False
            narrate(self._actor, "goes on", self._target, "the trouble is over")
