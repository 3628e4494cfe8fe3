"""A file lock per worker: the operating system lets go of it when the process ends, however it ends.

The file holds the id of the worker's supervisor, if it has one. While that one's lock is held, a dead worker is left
to it.
"""

import fcntl
import os
from pathlib import Path

from jobhive.failpoints import failpoint
from jobhive.forks import tell_of_forks
from jobhive.store.files import usable

_SUFFIX = ".alive"


class FileLiveness:
    """Holds a worker's lock. The file gets its name only once it is locked, so nobody sees it free by mistake."""

    def __init__(self, folder: Path, worker_id: str, supervisor_id: str | None) -> None:
        self._path = folder / f"{worker_id}{_SUFFIX}"
        with usable(folder):
            self._descriptor = self._hold(folder / f".{worker_id}.new", supervisor_id)

    def _hold(self, unnamed: Path, supervisor_id: str | None) -> int:
        descriptor = os.open(unnamed, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        failpoint("liveness.before_lock")
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, (supervisor_id or "").encode())
        failpoint("liveness.before_name")
        unnamed.rename(self._path)
        failpoint("liveness.named")
        tell_of_forks(self)
        return descriptor

    def release(self) -> None:
        """Removes the sign of a worker that ends in good order. Further calls do nothing."""
        if self._descriptor >= 0:
            failpoint("liveness.before_release")
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1

    def forget(self) -> None:
        """A child shares the lock: what it leaves open would keep the sign of life of a worker that is dead."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def dead_workers(folder: Path) -> list[str]:
    """Ids of workers whose lock file is there and free, unless they have a supervisor that is there."""
    with usable(folder):
        free = [path for path in sorted(folder.glob(f"*{_SUFFIX}")) if _is_free(path)]
        return [path.name.removesuffix(_SUFFIX) for path in free if not _is_supervised(path)]


def bury(folder: Path, worker_id: str) -> None:
    """Removes the sign of a dead worker, after its jobs were taken."""
    with usable(folder):
        failpoint("liveness.before_bury")
        (folder / f"{worker_id}{_SUFFIX}").unlink(missing_ok=True)


def _is_supervised(path: Path) -> bool:
    try:
        supervisor_id = path.read_text(encoding="ascii")
    except FileNotFoundError:
        return True  # whoever buried it has taken the jobs
    supervisor = path.with_name(f"{supervisor_id}{_SUFFIX}")
    return supervisor_id != "" and supervisor.exists() and not _is_free(supervisor)


def _is_free(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False  # released or buried meanwhile
    failpoint("liveness.before_look")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)
