"""What survives a fork and what does not: the child has copies of everything, but none of the threads behind it.

Jobhive starts its own processes by exec. A handler or an embedding application may fork all the same.
"""

import os
from typing import Protocol
from weakref import WeakSet


class Forkable(Protocol):
    """Something that has to know that it is in a child now."""

    def forget(self) -> None:
        """Lets go, in the child, of what belongs to the original; called before anything else runs there."""
        ...


_known: WeakSet[Forkable] = WeakSet()


def tell_of_forks(thing: Forkable) -> None:
    """Calls its `forget` in every child that is forked while it lives."""
    _known.add(thing)


_abandoned: list[object] = []  # for ever


def abandon(*things: object) -> None:
    """Keeps, in a child, what is the original's: to be let go of would close it, and for the original with it."""
    _abandoned.extend(things)


def _forget_all() -> None:
    for thing in list(_known):
        thing.forget()


os.register_at_fork(after_in_child=_forget_all)
