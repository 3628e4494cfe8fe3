"""What one statement carries: many rows, but no more text than the protocol, the server and a slow line bear."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

# Characters. The protocol ends at a thousand million bytes. Long before, a statement takes so long to arrive that the
# server, which has heard nothing whole, takes its transaction for idle (10 s).
_MOST = 16 * 1024 * 1024


def portions(items: Sequence[T], sizes: Sequence[int]) -> Sequence[Sequence[T]]:
    """All together, unless that is too much for one statement; else as many at a time as fit, at least one."""
    if sum(sizes) <= _MOST:
        return [items]
    cut: list[list[T]] = []
    room = 0
    for item, size in zip(items, sizes, strict=True):
        if not cut or size > room:
            cut.append([])
            room = _MOST
        cut[-1].append(item)
        room -= size
    return cut
