"""Every module of tests begins in an empty house: no merchant, no waiting work, no count of earlier modules.

The tests of a worker share its database and its Redis, and what requests commit stays. Left there, it would be
found by whatever looks at all merchants: sweeps, a running worker, the platform's pages, the ledger's invariants.
"""

from __future__ import annotations

import psycopg
from redis import Redis

# What a new database has rows in: its migration, and the platform as a tenant.
FILLED = {"alembic_version", "tenant"}
TABLES = """
    SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"""
EMPTY = f"""
    DO $$ DECLARE name regclass;
    BEGIN
        FOR name IN {TABLES} AND c.relname <> 'alembic_version' LOOP
            EXECUTE format('DELETE FROM %s', name);
        END LOOP;
    END $$"""
PLATFORM = "SELECT json_agg(tenant)::text FROM tenant"
RESTORE = "INSERT INTO tenant SELECT * FROM json_populate_recordset(NULL::tenant, %s)"


class House:
    """One worker's database and Redis."""

    def __init__(self, superuser: str, redis: str) -> None:
        """Remember a new database as it is."""
        self.redis = redis
        self.connection = psycopg.connect(superuser, autocommit=True)
        # No trigger and no foreign key: books that nobody may change are thrown away as a whole.
        self.connection.execute("SET session_replication_role = replica")
        names = [str(row[0]) for row in self.connection.execute(TABLES)]
        assert {name for name in names if self._ask(f"SELECT 1 FROM {name}")} == FILLED
        self.platform = self._ask(PLATFORM)

    def empty(self) -> None:
        """Make both new. Ids go on, so that no process takes a merchant for one that is gone."""
        with self.connection.transaction():
            self.connection.execute(EMPTY)
            self.connection.execute(RESTORE, [self.platform])
        with Redis.from_url(self.redis) as connection:
            connection.flushdb()

    def close(self) -> None:
        """Leave."""
        self.connection.close()

    def _ask(self, query: str) -> object:
        row = self.connection.execute(query).fetchone()
        return row and row[0]
