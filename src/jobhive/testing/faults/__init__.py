"""Faults on purpose: a disk that loses power and fails (`Disk`)."""

from jobhive.testing.faults.disk import Act, Disk, Fault, Touch
from jobhive.testing.faults.image import Loss

__all__ = ["Act", "Disk", "Fault", "Loss", "Touch"]
