"""All that a process has started, however it hides."""

import ctypes
import sys
from contextlib import suppress

import psutil

GRACE_SECONDS = 1.0  # between the word to end and SIGKILL; shorter than a stopping worker waits for its handlers

_ADOPT_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)


def adopt_orphans() -> None:
    """Processes whose parent ended become children of this one, so that the tree stays whole. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_ADOPT_ORPHANS, 1, 0, 0, 0)


def kill_descendants(root: psutil.Process) -> None:
    """SIGKILL to all that a process has started, sessions of their own included; repeated until nothing new appears."""
    killed: set[psutil.Process] = set()
    while new := set(root.children(recursive=True)) - killed:
        for each in new:
            with suppress(psutil.Error):  # gone, or another user's (sudo)
                each.kill()
        killed |= new


def kill_tree(root: psutil.Process) -> None:
    """The root last: while it lives, nothing can leave the tree."""
    with suppress(psutil.NoSuchProcess):
        kill_descendants(root)
        root.kill()
