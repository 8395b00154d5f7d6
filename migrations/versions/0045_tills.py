"""Tills, the receipts that cashiers make at them, keys of tills, and the cashier's role."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.tenancy_ddl import protect

revision = "0045"
down_revision = "0043"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)
ROLES = "'owner','manager','accountant','support','developer'"


def _own(table: str) -> tuple[sa.Column[int], sa.Column[int], sa.PrimaryKeyConstraint]:
    return (
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{table}")),
    )


def _ref(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{other}.tenant_id", f"{other}.id"],
        name=op.f(f"fk_{table}_tenant_id_{column}"),
    )


def _roles(roles: str) -> None:
    op.drop_constraint(op.f("ck_membership_role"), "membership")
    op.create_check_constraint(
        op.f("ck_membership_role"), "membership", f"role in ({roles},'partner')"
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _roles(f"{ROLES},'cashier'")
    op.add_column("api_key", sa.Column("till", sa.Text(), nullable=True))
    op.create_table(
        "till",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("retired_at", TIME, nullable=True),
        *_own("till"),
        sa.UniqueConstraint(
            "tenant_id", "shop_id", "external_id", name=op.f("uq_till_tenant_id_shop_id_external_id")
        ),
        sa.CheckConstraint("kind in ('register','point','workplace')", name=op.f("ck_till_kind")),
        _ref("till", "shop_id", "shop"),
    )
    op.create_table(
        "till_receipt",
        sa.Column("till_id", sa.BigInteger(), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("cancelled_at", TIME, nullable=True),
        *_own("till_receipt"),
        sa.UniqueConstraint("tenant_id", "receipt", name=op.f("uq_till_receipt_tenant_id_receipt")),
        sa.CheckConstraint(
            "amount > 0 and spent >= 0 and spent <= amount", name=op.f("ck_till_receipt_sums")
        ),
        _ref("till_receipt", "till_id", "till"),
        _ref("till_receipt", "order_id", "orders"),
        _ref("till_receipt", "member_id", "member"),
    )
    op.create_index("ix_till_receipt_till", "till_receipt", ["tenant_id", "till_id", "made_at"])
    for table in ("till", "till_receipt"):
        protect(table)


def downgrade() -> None:
    for table in ("till_receipt", "till"):
        op.drop_table(table)
    op.drop_column("api_key", "till")
    op.execute("DELETE FROM membership WHERE role = 'cashier'")
    _roles(ROLES)
