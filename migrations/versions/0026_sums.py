"""Orders sorted by total and by commission."""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0020"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index("ix_orders_total", "orders", ["tenant_id", "total", "id"])
    op.create_index("ix_deal_commission", "deal", ["tenant_id", "commission", "order_id"])


def downgrade() -> None:
    op.drop_index("ix_deal_commission", "deal")
    op.drop_index("ix_orders_total", "orders")
