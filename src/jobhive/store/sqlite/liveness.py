"""A file lock per worker: the operating system lets go of it when the process ends, however it ends."""

import fcntl
import os
from pathlib import Path

from jobhive.failpoints import failpoint

_SUFFIX = ".alive"


class FileLiveness:
    """Holds a worker's lock. The file gets its name only once it is locked, so nobody sees it free by mistake."""

    def __init__(self, folder: Path, worker_id: str) -> None:
        self._path = folder / f"{worker_id}{_SUFFIX}"
        unnamed = folder / f".{worker_id}.new"
        self._descriptor = os.open(unnamed, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        failpoint("liveness.before_lock")
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        failpoint("liveness.before_name")
        unnamed.rename(self._path)
        failpoint("liveness.named")

    def release(self) -> None:
        """Removes the sign of a worker that ends in good order. Further calls do nothing."""
        if self._descriptor >= 0:
            failpoint("liveness.before_release")
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1


def dead_workers(folder: Path) -> list[str]:
    """Ids of workers whose lock file is there and free."""
    return [path.name.removesuffix(_SUFFIX) for path in sorted(folder.glob(f"*{_SUFFIX}")) if _is_free(path)]


def bury(folder: Path, worker_id: str) -> None:
    """Removes the sign of a dead worker, after its jobs were taken."""
    failpoint("liveness.before_bury")
    (folder / f"{worker_id}{_SUFFIX}").unlink(missing_ok=True)


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
