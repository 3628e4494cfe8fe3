"""An application on a database of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jobhive import Jobhive


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[Jobhive]:
    async with Jobhive(str(tmp_path / "jobhive.db")) as app:
        yield app
