"""Whether and how to colour what goes to a stream."""

import os
from enum import StrEnum
from typing import TextIO


class Colour(StrEnum):
    """ANSI sequences (ECMA-48, SGR)."""

    RESET = "\x1b[0m"
    BOLD = "\x1b[1m"
    DIM = "\x1b[2m"
    RED = "\x1b[31m"
    GREEN = "\x1b[32m"
    YELLOW = "\x1b[33m"
    CYAN = "\x1b[36m"


def has_colour(stream: TextIO) -> bool:
    """A terminal has, unless $NO_COLOR is set (no-color.org); $FORCE_COLOR gives it to files and pipes too."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def painted(text: str, colour: Colour | None) -> str:
    """The text in that colour; None leaves it as it is."""
    return f"{colour}{text}{Colour.RESET}" if colour else text
