"""PostgreSQL 14 to 18: one store for many machines."""

from jobhive.store.postgres.engine import PostgresStore

__all__ = ["PostgresStore"]
