"""Orders sorted by total and by commission; one word of staff; what test mode keeps; statistics by shop.

What staff decided in disputes was kept beside their word on the order's page; it becomes such a word.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.tenancy_ddl import protect

revision = "0026"
down_revision = "0024"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
# The newest word holds: a decision becomes one where nothing was said on the order's page since.
_WORDS = """
INSERT INTO order_word (tenant_id, order_id, refcode, by, actor, at)
SELECT s.tenant_id, s.order_id, p.refcode, coalesce(who.name, ''), s.actor, s.at
FROM (
    SELECT DISTINCT ON (tenant_id, order_id) * FROM staff_claim
    ORDER BY tenant_id, order_id, id DESC
) s
JOIN partner p ON p.tenant_id = s.tenant_id AND p.id = s.partner_id
LEFT JOIN person who ON 'person:' || who.id = s.actor
WHERE NOT EXISTS (
    SELECT 1 FROM order_word w
    WHERE w.tenant_id = s.tenant_id AND w.order_id = s.order_id AND w.at > s.at
)
"""
_EVIDENCE = """
UPDATE claim c SET evidence = p.refcode FROM partner p
WHERE c.kind = 'staff' AND c.evidence = 'office' AND p.tenant_id = c.tenant_id AND p.id = c.partner_id
  AND NOT EXISTS (
    SELECT 1 FROM claim o WHERE o.tenant_id = c.tenant_id AND o.order_id = c.order_id
    AND o.kind = c.kind AND o.evidence = p.refcode
  )
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index("ix_orders_total", "orders", ["tenant_id", "total", "id"])
    op.create_index("ix_deal_commission", "deal", ["tenant_id", "commission", "order_id"])
    op.add_column(
        "captured_letter",
        sa.Column("channel", sa.Text(), server_default=sa.text("'email'"), nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_captured_letter_channel"),
        "captured_letter",
        "channel in ('email','sms','telegram')",
    )
    op.add_column(
        "roll_up",
        sa.Column("by_shop", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.execute(_WORDS)
    op.execute(_EVIDENCE)
    op.execute("DELETE FROM claim WHERE kind = 'staff' AND evidence = 'office'")
    op.drop_table("staff_claim")


def downgrade() -> None:
    op.create_table(
        "staff_claim",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_staff_claim")),
        *(
            sa.ForeignKeyConstraint(
                ["tenant_id", column],
                [f"{to}.tenant_id", f"{to}.id"],
                name=op.f(f"fk_staff_claim_tenant_id_{column}"),
            )
            for column, to in (("order_id", "orders"), ("partner_id", "partner"))
        ),
    )
    op.create_index("ix_staff_claim_order", "staff_claim", ["tenant_id", "order_id", "id"])
    protect("staff_claim", append_only=True)
    op.execute("DELETE FROM captured_letter WHERE channel <> 'email'")
    op.drop_column("captured_letter", "channel")
    op.execute("DELETE FROM click_stat WHERE dim LIKE '%@%'")
    op.execute("DELETE FROM sale_stat WHERE dim LIKE '%@%'")
    op.drop_column("roll_up", "by_shop")
    op.drop_index("ix_deal_commission", "deal")
    op.drop_index("ix_orders_total", "orders")
