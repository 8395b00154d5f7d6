"""Shops' goods, customers and reviews are taken in; what is left in a shop that was closed is removed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0069"
down_revision = "0053"

KINDS = "kind in ('fetch','card','group','coupon','leave','thanks')"


def upgrade() -> None:
    """Say of each connection what is taken in and how far that is."""
    op.add_column(
        "connection", sa.Column("pulled", JSONB(), nullable=False, server_default=sa.text("'{}'"))
    )
    op.drop_constraint(op.f("ck_shop_errand_kind"), "shop_errand")
    op.create_check_constraint(op.f("ck_shop_errand_kind"), "shop_errand", KINDS)


def downgrade() -> None:
    """Take it back."""
    op.execute("DELETE FROM shop_errand WHERE kind IN ('leave','thanks')")
    op.drop_constraint(op.f("ck_shop_errand_kind"), "shop_errand")
    op.create_check_constraint(
        op.f("ck_shop_errand_kind"), "shop_errand", "kind in ('fetch','card','group','coupon')"
    )
    op.drop_column("connection", "pulled")
