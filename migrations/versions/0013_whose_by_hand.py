"""What staff set an order to earn belongs to the partner for whom they set it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

# Whose each word was: who stands at its level, for it was said of a deal as it then stood.
_WHOSE = """
UPDATE commission_override o SET partner_id = coalesce(
    (SELECT s.partner_id FROM share s
     WHERE s.tenant_id = o.tenant_id AND s.order_id = o.order_id AND s.level = o.level LIMIT 1),
    (SELECT d.partner_id FROM deal d
     WHERE d.tenant_id = o.tenant_id AND d.order_id = o.order_id AND o.level = 1))
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("commission_override", sa.Column("partner_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_commission_override_tenant_id_partner_id"),
        "commission_override",
        "partner",
        ["tenant_id", "partner_id"],
        ["tenant_id", "id"],
    )
    op.execute(_WHOSE)


def downgrade() -> None:
    op.drop_column("commission_override", "partner_id")
