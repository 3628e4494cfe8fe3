"""The PostgreSQL engine keeps every promise of the store port."""

import pytest

from jobhive.testing.conformance.suite import StoreConformance
from jobhive.testing.stores import StoreMaker


class TestPostgresStore(StoreConformance):
    sees_dead_workers = False

    @pytest.fixture
    def make_store(self, postgres_url: str) -> StoreMaker:
        return StoreMaker("jobhive.testing.postgres:postgres_store", postgres_url)
