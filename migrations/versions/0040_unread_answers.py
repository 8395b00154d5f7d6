"""How many answers a person has not opened stands with the membership, which every page reads anyway."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0031"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "membership",
        sa.Column("unread_answers", sa.Integer(), server_default="0", nullable=False),
    )
    op.execute("""
        UPDATE membership m SET unread_answers = n.number
        FROM (SELECT person_id, coalesce(asker_tenant, tenant_id) AS tenant, partner_id, count(*) AS number
              FROM help_request WHERE unread GROUP BY 1, 2, 3) n
        WHERE n.person_id = m.person_id AND n.tenant = m.tenant_id
          AND n.partner_id IS NOT DISTINCT FROM m.partner_id
    """)


def downgrade() -> None:
    op.drop_column("membership", "unread_answers")
