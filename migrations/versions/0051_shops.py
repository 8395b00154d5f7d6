"""Connected shops: where each is and its sealed keys, what is to be asked of it or told to it, what we wrote."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import find_work, protect

revision = "0051"
down_revision = "0048"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)
ADDED = ("address", "credentials", "asked", "cursor", "due_at", "coupons")


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


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("connection", sa.Column("address", sa.Text(), nullable=True))
    op.add_column("connection", sa.Column("credentials", sa.LargeBinary(), nullable=True))
    op.add_column("connection", sa.Column("asked", sa.Text(), nullable=True))
    op.add_column(
        "connection",
        sa.Column("cursor", JSONB(), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column("connection", sa.Column("due_at", TIME, nullable=True))
    op.add_column(
        "connection",
        sa.Column("coupons", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_index(
        "ix_connection_due",
        "connection",
        ["due_at"],
        postgresql_where=sa.text("due_at is not null and disabled_at is null"),
    )
    op.create_index("ix_inbox_connection", "inbox", ["tenant_id", "connection_id", "id"])
    op.create_table(
        "shop_errand",
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("said", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'due'"), nullable=False),
        sa.Column("wanted", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("taken", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("done_at", TIME, nullable=True),
        *_own("shop_errand"),
        sa.CheckConstraint(
            "state in ('due','doing','done','dead')", name=op.f("ck_shop_errand_state")
        ),
        sa.CheckConstraint(
            "kind in ('fetch','card','group','coupon')", name=op.f("ck_shop_errand_kind")
        ),
        sa.UniqueConstraint(
            "tenant_id",
            "connection_id",
            "kind",
            "subject",
            name=op.f("uq_shop_errand_tenant_id_connection_id_kind_subject"),
        ),
        _ref("shop_errand", "connection_id", "connection"),
    )
    op.create_index(
        "ix_shop_errand_due",
        "shop_errand",
        ["due_at", "id"],
        postgresql_where=sa.text("state in ('due','doing')"),
    )
    op.create_table(
        "shop_card",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("own", JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        *_own("shop_card"),
        sa.UniqueConstraint("tenant_id", "order_id", name=op.f("uq_shop_card_tenant_id_order_id")),
        _ref("shop_card", "order_id", "orders"),
    )
    protect("shop_errand")
    protect("shop_card")
    find_work("shop_errand", "SELECT")
    find_work("connection", "SELECT")


def downgrade() -> None:
    op.drop_table("shop_card")
    op.drop_table("shop_errand")
    op.drop_index("ix_inbox_connection", "inbox")
    op.drop_index("ix_connection_due", "connection")
    op.execute("DROP POLICY drain ON connection")
    op.execute("REVOKE ALL ON connection FROM partnerka_drain")
    for name in ADDED:
        op.drop_column("connection", name)
