"""Faults on purpose, for tests of Jobhive and of what is built on it.

| | |
|---|---|
| `Disk` | a disk that loses power and fails, under a `SqliteStore(path, vfs=disk.name)` |
| `armed`, `killing_at` | failpoints: the program dies, fails or stands still at a point with a name |
| `Installation`, `Kills` | `jobhive up` in processes of its own, and signals to them at random |
| `History`, `audit` | what every process saw, and whether the store agrees with it |
"""

from jobhive.testing.faults.audit import Broken, Report, audit
from jobhive.testing.faults.disk import Act, Disk, Fault, Touch
from jobhive.testing.faults.history import ENQUEUE, PURGE, RUN, Happening, History, recoveries
from jobhive.testing.faults.image import Loss
from jobhive.testing.faults.installation import HISTORY, Installation, Running
from jobhive.testing.faults.kills import ROLES, Kills
from jobhive.testing.faults.points import Pause, armed, failing, killing_at, noting_all, reached_in

__all__ = [
    "ENQUEUE",
    "HISTORY",
    "PURGE",
    "ROLES",
    "RUN",
    "Act",
    "Broken",
    "Disk",
    "Fault",
    "Happening",
    "History",
    "Installation",
    "Kills",
    "Loss",
    "Pause",
    "Report",
    "Running",
    "Touch",
    "armed",
    "audit",
    "failing",
    "killing_at",
    "noting_all",
    "reached_in",
    "recoveries",
]
