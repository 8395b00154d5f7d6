"""Jobs of bonuses find the merchants who have work for them before they open a transaction for each."""

from __future__ import annotations

from alembic import op

from migrations.tenancy_ddl import find_work

revision = "0049b"
down_revision = "0045"
TABLES = ("rule_version", "fact")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in TABLES:
        find_work(table, "SELECT")


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"REVOKE SELECT ON {table} FROM partnerka_drain")
        op.execute(f"DROP POLICY drain ON {table}")
