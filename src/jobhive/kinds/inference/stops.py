"""Finds stop texts in a text that comes in pieces. Pure.

The engine can do this, but loses the text it holds back as the possible beginning of a stop text when the generation
ends for another reason.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Scanned(NamedTuple):
    """What a piece of text led to."""

    text: str  # can be shown now: no stop text begins in it
    stop: str | None  # the stop text that is complete; the text before it has been handed out


class StopScan:
    """Watches one generation. How the text is cut into pieces makes no difference to the outcome.

    The stop text that is complete first ends the text; of several, the longest.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = stops
        self._held = ""  # may be the beginning of a stop text

    def scan(self, piece: str) -> Scanned:
        """Takes the next piece."""
        text = self._held + piece
        found = [(at + len(stop), at, stop) for stop in self._stops if (at := text.find(stop)) >= 0]
        if found:
            _, at, stop = min(found)
            self._held = ""
            return Scanned(text[:at], stop)
        shown = len(text) - self._beginning_at_the_end_of(text)
        self._held = text[shown:]
        return Scanned(text[:shown], None)

    def rest(self) -> str:
        """What was held back, when no more text comes."""
        rest, self._held = self._held, ""
        return rest

    def _beginning_at_the_end_of(self, text: str) -> int:
        return max((_overlap(text, stop) for stop in self._stops), default=0)


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of `text` are the beginning of `stop`."""
    longest = min(len(text), len(stop) - 1)
    return next((length for length in range(longest, 0, -1) if text.endswith(stop[:length])), 0)
