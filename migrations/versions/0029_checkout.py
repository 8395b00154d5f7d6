"""Paying with bonuses: versions of orders' shares and receipts, what they spent, holds of shops."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import list_rows, protect

revision = "0029"
down_revision = "0027"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)


def _keys() -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
    )


def _key(table: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{table}"))


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    name = op.f(f"uq_{table}_tenant_id_{'_'.join(columns)}")
    return sa.UniqueConstraint("tenant_id", *columns, name=name)


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{to}.tenant_id", f"{to}.id"],
        name=op.f(f"fk_{table}_tenant_id_{column}"),
    )


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _order_bonus()
    _order_spending()
    _checkout_hold()
    protect("order_bonus", append_only=True)
    protect("order_spending", append_only=True)
    protect("checkout_hold")
    for table in ("order_bonus", "order_spending"):
        list_rows(table)  # the nightly checks read all merchants


def _order_bonus() -> None:
    op.create_table(
        "order_bonus",
        _number("order_id"),
        _number("version"),
        _number("member_id"),
        _number("amount"),
        _text("signature"),
        sa.Column("shares", JSONB(), nullable=False),
        sa.Column("rows", JSONB(), nullable=False),
        _number("consideration"),
        sa.Column("made_at", TIME, nullable=False),
        *_keys(),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_order_bonus_amount")),
        _key("order_bonus"),
        _unique("order_bonus", "order_id", "version"),
        _refers("order_bonus", "order_id", "orders"),
        _refers("order_bonus", "member_id", "member"),
    )


def _order_spending() -> None:
    op.create_table(
        "order_spending",
        _number("order_id"),
        _number("n"),
        _number("member_id"),
        _text("act"),
        _number("amount"),
        _text("reference"),
        _text("of", nullable=True),
        _number("version"),
        sa.Column("at", TIME, nullable=False),
        *_keys(),
        sa.CheckConstraint("act in ('spend','back','hold')", name=op.f("ck_order_spending_act")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_order_spending_amount")),
        sa.CheckConstraint(
            "(act = 'back') = (of is not null)", name=op.f("ck_order_spending_of")
        ),
        _key("order_spending"),
        _unique("order_spending", "order_id", "n"),
        _unique("order_spending", "reference"),
        _refers("order_spending", "order_id", "orders"),
        _refers("order_spending", "member_id", "member"),
    )


def _checkout_hold() -> None:
    op.create_table(
        "checkout_hold",
        _text("public_id"),
        _number("shop_id"),
        _text("order_key", nullable=True),
        _number("member_id"),
        _number("amount"),
        _text("reference"),
        sa.Column("lines", JSONB(), nullable=True),
        sa.Column("rows", JSONB(), nullable=True),
        sa.Column("made_at", TIME, nullable=False),
        *_keys(),
        _key("checkout_hold"),
        _unique("checkout_hold", "public_id"),
        _unique("checkout_hold", "reference"),
        _refers("checkout_hold", "shop_id", "shop"),
        _refers("checkout_hold", "member_id", "member"),
    )
    op.create_index(
        "ix_checkout_hold_order",
        "checkout_hold",
        ["tenant_id", "shop_id", "order_key"],
        postgresql_where=sa.text("order_key is not null"),
    )


def downgrade() -> None:
    for table in ("checkout_hold", "order_spending", "order_bonus"):
        op.drop_table(table)
