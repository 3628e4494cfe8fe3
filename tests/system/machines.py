"""Machines that share nothing but PostgreSQL: each has its own processes, its own folder, and its own way there."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from jobhive.testing import faults
from tests.system import parted_jobs

_ROOT = Path(__file__).parents[2]


class Machine(faults.Installation):
    """`jobhive up` on a machine of this name; `url` is the way to the store, `line` the machine's own if it has one.

    `through` is what its programs are started through.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        url: str,
        *arguments: str,
        line: str | None = None,
        lease: timedelta,
        through: Sequence[str] = (),
    ) -> None:
        self.lease = lease
        (folder / name).mkdir()
        own = {
            "PYTHONPATH": str(_ROOT),
            "JOBHIVE_URL": line or url,
            "JOBHIVE_LEASE": str(lease.total_seconds()),
            "JOBHIVE_LOG_LEVEL": "debug",
            "JOBHIVE_LOG_FORMAT": "human",
            parted_jobs.MACHINE: name,
        }
        app = "tests.system.parted_jobs:app"
        super().__init__(folder / name, url, app, parted_jobs.app, *arguments, changes=own, through=through)

    async def until_said(self, *words: str) -> None:
        """Waits until a line of its log holds all these words."""
        await self.until(lambda: self._has_said(words))

    async def _has_said(self, words: tuple[str, ...]) -> bool:
        return any(all(word in line for word in words) for line in self.log.splitlines())
