"""Who approved a payout alone, the first of two people, and what of a top-up the merchant has back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0062"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("payout", sa.Column("approved_by", sa.Text(), nullable=True))
    op.add_column("payout", sa.Column("first_approved_by", sa.Text(), nullable=True))
    op.add_column(
        "payout", sa.Column("first_approved_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_check_constraint(
        op.f("ck_payout_first_approved"),
        "payout",
        "(first_approved_by is null) = (first_approved_at is null)",
    )
    op.create_index(
        "ix_payout_alone",
        "payout",
        ["tenant_id", "approved_at"],
        postgresql_where=sa.text("approved_by is not null"),
    )
    op.add_column("top_up", sa.Column("returned", sa.BigInteger(), nullable=True))
    op.add_column("top_up", sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_top_up_returned"), "top_up", "returned between 1 and received"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_top_up_returned"), "top_up")
    op.drop_column("top_up", "returned_at")
    op.drop_column("top_up", "returned")
    op.drop_index("ix_payout_alone", "payout")
    op.drop_constraint(op.f("ck_payout_first_approved"), "payout")
    op.drop_column("payout", "first_approved_at")
    op.drop_column("payout", "first_approved_by")
    op.drop_column("payout", "approved_by")
