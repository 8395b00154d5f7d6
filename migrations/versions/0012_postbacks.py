"""Partners' own postbacks and the log of their calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import find_work, protect

revision = "0012"
down_revision = "0011"

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
    op.create_table(
        "postback",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("states", JSONB(), nullable=False),
        sa.Column("failures", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("stopped_at", TIME, nullable=True),
        sa.Column("removed_at", TIME, nullable=True),
        *_keys(),
        sa.CheckConstraint("method in ('GET','POST')", name=op.f("ck_postback_method")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_postback")),
        sa.UniqueConstraint(
            "tenant_id", "public_id", name=op.f("uq_postback_tenant_id_public_id")
        ),
        _refers("postback", "partner_id", "partner"),
    )
    op.create_index("ix_postback_partner", "postback", ["tenant_id", "partner_id"])
    op.create_table(
        "postback_delivery",
        sa.Column("postback_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'due'"), nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("status", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("sent_at", TIME, nullable=True),
        *_keys(),
        sa.CheckConstraint(
            "state in ('due','sending','sent','dead')", name=op.f("ck_postback_delivery_state")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_postback_delivery")),
        sa.UniqueConstraint(
            "tenant_id",
            "postback_id",
            "event_id",
            name=op.f("uq_postback_delivery_tenant_id_postback_id_event_id"),
        ),
        _refers("postback_delivery", "postback_id", "postback"),
        _refers("postback_delivery", "order_id", "orders"),
        _refers("postback_delivery", "event_id", "event"),
    )
    op.create_index(
        "ix_postback_delivery_due",
        "postback_delivery",
        ["due_at", "id"],
        postgresql_where=sa.text("state in ('due','sending')"),
    )
    op.create_index("ix_postback_delivery_order", "postback_delivery", ["tenant_id", "order_id"])
    op.create_index(
        "ix_postback_delivery_log", "postback_delivery", ["tenant_id", "postback_id", "id"]
    )
    for table in ("postback", "postback_delivery"):
        protect(table)
    find_work("postback_delivery", "SELECT")


def downgrade() -> None:
    for table in ("postback_delivery", "postback"):
        op.drop_table(table)
