"""An installation that runs the jobs of these tests."""

from collections.abc import Mapping
from pathlib import Path

from jobhive.testing import faults
from tests.system import jobs

_ROOT = Path(__file__).parents[2]


class Installation(faults.Installation):
    """`jobhive up --app tests.system.jobs:app`."""

    def __init__(self, folder: Path, *arguments: str, changes: Mapping[str, str] | None = None) -> None:
        own = {"PYTHONPATH": str(_ROOT), **(changes or {})}
        super().__init__(folder, "tests.system.jobs:app", jobs.app, *arguments, changes=own)
