"""What a misspelt name was meant to be."""

from collections.abc import Collection
from difflib import get_close_matches

_LOOKED_AT = 100  # characters; the likeness of long texts takes long to find


def meant(name: str, known: Collection[str]) -> str:
    """`; did you mean 'queue'?`, to end a sentence with; nothing where no known name is like it."""
    return "".join(f"; did you mean {near!r}?" for near in get_close_matches(name[:_LOOKED_AT], known, 1))
