"""The PostgreSQL engine keeps every promise of the store port."""

import pytest

from jobhive.testing.conformance.suite import StoreConformance
from jobhive.testing.stores import StoreMaker


class TestPostgresStore(StoreConformance):
    @pytest.fixture
    def make_store(self, postgres_url: str) -> StoreMaker:
        return StoreMaker("tests.postgres:store", postgres_url)
