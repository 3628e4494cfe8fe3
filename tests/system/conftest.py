"""What the tests of whole programs share."""

from pathlib import Path

import pytest


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a fresh store is, on each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/jobhive.db"
    url: str = request.getfixturevalue("postgres_url")
    return url
