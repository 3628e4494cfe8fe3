"""PostgreSQL stores for tests. Apart from `jobhive.testing.stores`, because the engine is an optional extra."""

from jobhive.store.port import Store
from jobhive.store.postgres import PostgresStore


def postgres_store(url: str) -> Store:
    """An unopened store in the first schema of the URL's search_path."""
    return PostgresStore(url)
