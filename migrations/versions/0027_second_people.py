"""Who made a key; who approved a pay run first; what tax the prepaid balance did not pay for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0032"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("api_key", sa.Column("made_by", sa.Text(), nullable=True))
    op.add_column("install_code", sa.Column("drawn_by", sa.Text(), nullable=True))
    op.add_column("pay_run", sa.Column("first_approved_by", sa.Text(), nullable=True))
    op.add_column(
        "pay_run", sa.Column("first_approved_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_check_constraint(
        op.f("ck_pay_run_first_approved"),
        "pay_run",
        "(first_approved_by is null) = (first_approved_at is null)",
    )
    op.add_column("funding", sa.Column("tax", sa.BigInteger(), nullable=True))
    op.create_check_constraint(op.f("ck_funding_tax"), "funding", "tax between 0 and gross")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_funding_tax"), "funding")
    op.drop_column("funding", "tax")
    op.drop_constraint(op.f("ck_pay_run_first_approved"), "pay_run")
    op.drop_column("pay_run", "first_approved_at")
    op.drop_column("pay_run", "first_approved_by")
    op.drop_column("install_code", "drawn_by")
    op.drop_column("api_key", "made_by")
