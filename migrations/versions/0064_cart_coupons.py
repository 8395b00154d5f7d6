"""Bonuses as coupons of the shop's cart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.tenancy_ddl import find_work, protect

revision = "0064"
down_revision = "0063"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)
OPEN = sa.text("state in ('making','made')")


def _keys() -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
    )


def _refers(table: str, *columns: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint(
            ["tenant_id", column],
            [f"{column.removesuffix('_id')}.tenant_id", f"{column.removesuffix('_id')}.id"],
            name=op.f(f"fk_{table}_tenant_id_{column}"),
        )
        for column in columns
    ]


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    names = ("tenant_id", *columns)
    return sa.UniqueConstraint(*names, name=op.f(f"uq_{table}_{'_'.join(names)}"))


def upgrade() -> None:
    """Make the tables."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    _coupons()
    op.create_table(
        "cart_code",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.Column("used_at", TIME, nullable=True),
        sa.Column("added_at", TIME, nullable=False),
        *_keys(),
        sa.CheckConstraint("amount > 0", name=op.f("ck_cart_code_amount")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_cart_code")),
        _unique("cart_code", "shop_id", "key"),
        *_refers("cart_code", "shop_id", "member_id"),
    )
    free = ["tenant_id", "shop_id", "amount"]
    op.create_index(
        "ix_cart_code_free", "cart_code", free, postgresql_where=sa.text("used_at is null")
    )
    op.create_table(
        "cart_setting",
        sa.Column("on", sa.Boolean(), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column("alone", sa.Boolean(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        *_keys(),
        sa.CheckConstraint("minutes between 5 and 120", name=op.f("ck_cart_setting_minutes")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_cart_setting")),
        sa.UniqueConstraint("tenant_id", name=op.f("uq_cart_setting_tenant_id")),
    )
    op.create_table(
        "cart_check",
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("looked_at", TIME, nullable=True),
        sa.Column("found", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("tried_at", TIME, nullable=True),
        sa.Column("trial", sa.Text(), nullable=True),
        *_keys(),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_cart_check")),
        _unique("cart_check", "connection_id"),
        *_refers("cart_check", "connection_id"),
    )
    for table in ("cart_coupon", "cart_code", "cart_setting", "cart_check"):
        protect(table)
    find_work("cart_coupon", "SELECT")


def _coupons() -> None:
    op.create_table(
        "cart_coupon",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=True),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("minimum", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("closed_at", TIME, nullable=True),
        sa.Column("removed_at", TIME, nullable=True),
        sa.Column("order_key", sa.Text(), nullable=True),
        sa.Column("taken", sa.BigInteger(), nullable=True),
        sa.Column("odd", sa.Text(), nullable=True),
        *_keys(),
        sa.CheckConstraint(
            "state in ('making','made','used','let_go','ended','failed')",
            name=op.f("ck_cart_coupon_state"),
        ),
        sa.CheckConstraint("amount > 0 and minimum >= 0", name=op.f("ck_cart_coupon_amount")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_cart_coupon")),
        _unique("cart_coupon", "public_id"),
        _unique("cart_coupon", "reference"),
        *_refers("cart_coupon", "shop_id", "connection_id", "member_id"),
    )
    op.create_index("ix_cart_coupon_key", "cart_coupon", ["tenant_id", "shop_id", "key"])
    whose = ["tenant_id", "shop_id", "member_id"]
    op.create_index("uq_cart_coupon_open", "cart_coupon", whose, unique=True, postgresql_where=OPEN)
    op.create_index("ix_cart_coupon_ends", "cart_coupon", ["ends_at"], postgresql_where=OPEN)


def downgrade() -> None:
    """Take them back."""
    for table in ("cart_check", "cart_setting", "cart_code", "cart_coupon"):
        op.drop_table(table)
