"""An installation that runs the jobs of these tests."""

from collections.abc import Mapping
from pathlib import Path

from jobhive.testing import faults
from tests.system import jobs

_ROOT = Path(__file__).parents[2]


class Installation(faults.Installation):
    """`jobhive up --app tests.system.jobs:app`."""

    def __init__(
        self, folder: Path, *arguments: str, url: str | None = None, changes: Mapping[str, str] | None = None
    ) -> None:
        own = {"PYTHONPATH": str(_ROOT), **(changes or {})}
        store = url or f"sqlite:///{folder}/jobhive.db"
        super().__init__(folder, store, "tests.system.jobs:app", jobs.app, *arguments, changes=own)
