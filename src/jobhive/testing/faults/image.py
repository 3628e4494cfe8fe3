"""One file as a disk has it: what was synced, and what was written since and may or may not be there tomorrow."""

from collections.abc import Iterable
from enum import StrEnum
from itertools import pairwise
from random import Random
from typing import NamedTuple

SECTOR_BYTES = 512


class Loss(StrEnum):
    """What a power cut does to the writes that were not synced."""

    ALL = "all"  # none of them reached the disk
    SUFFIX = "suffix"  # the first ones did, the others did not
    SUBSET = "subset"  # any of them did: disks write in the order they like
    TORN = "torn"  # of any of them, any sectors did


class Write(NamedTuple):
    """Bytes at a place."""

    offset: int
    data: bytes

    def first_half(self) -> "Write":
        """What a write that failed may have left."""
        return self._replace(data=self.data[: len(self.data) // 2])


class Truncate(NamedTuple):
    """The file got this length."""

    size: int


Change = Write | Truncate


class Image:
    """What a file holds after a sync, and the changes since, oldest first."""

    def __init__(self, content: bytes | None) -> None:
        self.synced = None if content is None else bytearray(content)  # None: not even its name is on the disk
        self.changes: list[Change] = []
        self.is_deleted = False  # its removal is not synced: it may be back

    def sync(self) -> None:
        """All of it is on the disk now."""
        self.synced = bytearray() if self.synced is None else self.synced
        _apply(self.synced, self.changes)
        self.changes = []

    def after_power_cut(self, loss: Loss, chance: Random) -> bytes | None:
        """What is there when the machine starts again; None: no such file."""
        keeps_metadata = loss is not Loss.ALL and chance.random() < 0.5
        if self.is_deleted and keeps_metadata:
            return None
        if self.synced is None and not keeps_metadata:
            return None
        content = bytearray(self.synced or b"")
        _apply(content, _survivors(self.changes, loss, chance))
        return bytes(content)


def _survivors(changes: list[Change], loss: Loss, chance: Random) -> list[Change]:
    match loss:
        case Loss.ALL:
            return []
        case Loss.SUFFIX:
            return changes[: chance.randint(0, len(changes))]
        case Loss.SUBSET:
            return [change for change in changes if chance.random() < 0.5]
        case Loss.TORN:
            sectors = [sector for change in changes for sector in _sectors(change)]
            return [sector for sector in sectors if chance.random() < 0.5]


def _sectors(change: Change) -> list[Change]:
    """The parts of which each is written whole or not at all."""
    if isinstance(change, Truncate):
        return [change]
    first = SECTOR_BYTES - change.offset % SECTOR_BYTES
    cuts = [0, *range(first, len(change.data), SECTOR_BYTES), len(change.data)]
    return [Write(change.offset + start, change.data[start:end]) for start, end in pairwise(cuts)]


def _apply(content: bytearray, changes: Iterable[Change]) -> None:
    for change in changes:
        match change:
            case Write(offset, data):
                content.extend(bytes(max(offset - len(content), 0)))
                content[offset : offset + len(data)] = data
            case Truncate(size):
                content.extend(bytes(max(size - len(content), 0)))
                del content[size:]
