"""The SQLite engine keeps every promise of the store port."""

from pathlib import Path

import pytest

from jobhive.testing.conformance.suite import StoreConformance
from jobhive.testing.stores import StoreMaker


class TestSqliteStore(StoreConformance):
    @pytest.fixture
    def make_store(self, tmp_path: Path) -> StoreMaker:
        return StoreMaker("jobhive.testing.stores:sqlite_store", str(tmp_path / "jobhive.db"))
