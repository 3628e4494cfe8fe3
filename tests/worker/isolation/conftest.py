"""An application whose jobs run in processes of their own, and the line on which they call."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jobhive import Jobhive
from tests.worker.isolation.asking import left_behind, open_app
from tests.worker.isolation.calls import Calls


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[Jobhive]:
    """An application on a database of its own. Whatever a test does, no process is left behind."""
    async with open_app(tmp_path) as app:
        yield app
    assert left_behind() == []  # P17


@pytest.fixture
async def calls() -> AsyncIterator[Calls]:
    async with Calls().served() as calls:
        yield calls
