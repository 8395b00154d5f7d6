"""Outgoing webhooks: endpoints, and the log of what each was told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import find_work, protect

revision = "0050"
down_revision = "0049b"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)


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
    op.create_table(
        "webhook_endpoint",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("types", JSONB(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("old_secret", sa.LargeBinary(), nullable=True),
        sa.Column("old_until", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("failing_since", TIME, nullable=True),
        sa.Column("taken_at", TIME, nullable=True),
        sa.Column("stopped_at", TIME, nullable=True),
        sa.Column("stopped_why", sa.Text(), nullable=True),
        sa.Column("removed_at", TIME, nullable=True),
        *_own("webhook_endpoint"),
        sa.UniqueConstraint(
            "tenant_id", "public_id", name=op.f("uq_webhook_endpoint_tenant_id_public_id")
        ),
        sa.CheckConstraint(
            "stopped_why in ('hand','failing','gone')",
            name=op.f("ck_webhook_endpoint_stopped_why"),
        ),
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'due'"), nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("ms", sa.BigInteger(), nullable=True),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("sent_at", TIME, nullable=True),
        *_own("webhook_delivery"),
        sa.CheckConstraint(
            "state in ('due','sending','sent','dead')", name=op.f("ck_webhook_delivery_state")
        ),
        sa.UniqueConstraint(
            "tenant_id",
            "endpoint_id",
            "event_id",
            name=op.f("uq_webhook_delivery_tenant_id_endpoint_id_event_id"),
        ),
        _ref("webhook_delivery", "endpoint_id", "webhook_endpoint"),
        _ref("webhook_delivery", "event_id", "event"),
    )
    op.create_index(
        "ix_webhook_delivery_due",
        "webhook_delivery",
        ["due_at", "id"],
        postgresql_where=sa.text("state in ('due','sending')"),
    )
    op.create_index(
        "ix_webhook_delivery_log", "webhook_delivery", ["tenant_id", "endpoint_id", "id"]
    )
    protect("webhook_endpoint")
    protect("webhook_delivery")
    find_work("webhook_delivery", "SELECT")


def downgrade() -> None:
    for table in ("webhook_delivery", "webhook_endpoint"):
        op.drop_table(table)
