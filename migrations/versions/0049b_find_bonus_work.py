"""Jobs of bonuses find the merchants who have work for them; SMS keep quiet hours."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.tenancy_ddl import find_work

revision = "0049b"
down_revision = "0045"
TABLES = ("rule_version", "fact")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in TABLES:
        find_work(table, "SELECT")
    for name, hour in (("quiet_from", "21"), ("quiet_until", "9")):
        column = sa.Column(name, sa.BigInteger(), server_default=sa.text(hour), nullable=False)
        op.add_column("sms_gateway", column)
    op.create_check_constraint(
        op.f("ck_sms_gateway_quiet"),
        "sms_gateway",
        "quiet_from between 0 and 23 and quiet_until between 0 and 23",
    )


def downgrade() -> None:
    for name in ("quiet_from", "quiet_until"):
        op.drop_column("sms_gateway", name)
    for table in TABLES:
        op.execute(f"REVOKE SELECT ON {table} FROM partnerka_drain")
        op.execute(f"DROP POLICY drain ON {table}")
