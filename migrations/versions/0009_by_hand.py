"""Money by hand: adjustments that can be undone, commissions set by staff; what earns nothing is kept with the deal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import list_rows, protect

revision = "0009"
down_revision = "0008"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)


def _keys() -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        sa.Column(
            "tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
    )


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{to}.tenant_id", f"{to}.id"],
        name=op.f(f"fk_{table}_tenant_id_{column}"),
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "deal", sa.Column("notes", JSONB(), server_default=sa.text("'[]'"), nullable=False)
    )
    op.create_table(
        "commission_override",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        *_keys(),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_commission_override_amount")),
        sa.CheckConstraint("level between 0 and 9", name=op.f("ck_commission_override_level")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_commission_override")),
        _refers("commission_override", "order_id", "orders"),
    )
    op.create_index(
        "ix_commission_override_order",
        "commission_override",
        ["tenant_id", "order_id", "level", "id"],
    )
    op.create_table(
        "adjustment_batch",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("undo_of_id", sa.BigInteger(), nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        *_keys(),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_adjustment_batch")),
        sa.UniqueConstraint(
            "tenant_id", "public_id", name=op.f("uq_adjustment_batch_tenant_id_public_id")
        ),
        _refers("adjustment_batch", "undo_of_id", "adjustment_batch"),
    )
    op.create_table(
        "adjustment",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("undo_of_id", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        *_keys(),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_adjustment_amount")),
        sa.CheckConstraint(
            "act in ('accrue','deduct','forgive','expire','undo')", name=op.f("ck_adjustment_act")
        ),
        sa.CheckConstraint(
            "(act = 'undo') = (undo_of_id is not null)", name=op.f("ck_adjustment_undo")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_adjustment")),
        sa.UniqueConstraint(
            "tenant_id", "public_id", name=op.f("uq_adjustment_tenant_id_public_id")
        ),
        sa.UniqueConstraint(
            "tenant_id", "undo_of_id", name=op.f("uq_adjustment_tenant_id_undo_of_id")
        ),
        _refers("adjustment", "batch_id", "adjustment_batch"),
        _refers("adjustment", "partner_id", "partner"),
        _refers("adjustment", "undo_of_id", "adjustment"),
    )
    op.create_index("ix_adjustment_batch", "adjustment", ["tenant_id", "batch_id"])
    op.create_index("ix_adjustment_partner", "adjustment", ["tenant_id", "partner_id", "id"])
    for table in ("commission_override", "adjustment_batch", "adjustment"):
        protect(table, append_only=True)
    list_rows("adjustment")


def downgrade() -> None:
    for table in ("adjustment", "adjustment_batch", "commission_override"):
        op.drop_table(table)
    op.drop_column("deal", "notes")
