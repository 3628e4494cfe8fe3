"""Failpoints in the hands of a test: here, or in the processes that it starts."""

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from jobhive.failpoints import ARMED, FOLDER, Action, Failpoint, arm, disarm


@contextmanager
def armed(name: Failpoint, act: Action, at: int = 1) -> Generator[None]:
    """For the length of the block, this process calls `act` the `at`-th time that it comes to the point."""
    arm(name, act, at)
    try:
        yield
    finally:
        disarm(name)


def failing(error: Exception) -> Action:
    """An act that raises."""

    def fail(_: str) -> None:
        raise error

    return fail


class Pause:
    """An act that holds the thread which came to the point until `go_on` is called."""

    def __init__(self) -> None:
        self.is_reached = threading.Event()
        self._may_go_on = threading.Event()
        self.go_on: Callable[[], None] = self._may_go_on.set

    def __call__(self, _: str) -> None:
        self.is_reached.set()
        self._may_go_on.wait()


def killing_at(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """Environment in which the first process to come to each of the points is killed there; see `reached_in`."""
    return {ARMED: ",".join(f"{name}=kill" for name in names), FOLDER: str(folder)}


def noting_all(folder: Path) -> dict[str, str]:
    """Environment in which nothing happens at failpoints, but each that is reached is noted; see `reached_in`."""
    return {ARMED: "*=pass", FOLDER: str(folder)}


def reached_in(folder: Path) -> set[str]:
    """The points at which something happened."""
    return {path.name for path in folder.iterdir()}
