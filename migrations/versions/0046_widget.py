"""The widget in the shop's pages: its secrets and its look; one-time links into the cabinet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import protect

revision = "0046"
down_revision = "0050"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)
TABLES = ("widget_key", "widget_look", "cabinet_pass")


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


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    name = op.f(f"uq_{table}_tenant_id{''.join(f'_{column}' for column in columns)}")
    return sa.UniqueConstraint("tenant_id", *columns, name=name)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "widget_key",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=True),
        sa.Column("seen_on", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", TIME, nullable=True),
        *_own("widget_key"),
        _unique("widget_key", "public_id"),
        _ref("widget_key", "shop_id", "shop"),
    )
    op.create_table(
        "widget_look",
        sa.Column("facts", JSONB(), nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        *_own("widget_look"),
        _unique("widget_look"),
    )
    op.create_table(
        "cabinet_pass",
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("link_hash", sa.Text(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("link_until", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        sa.Column("session_hash", sa.Text(), nullable=True),
        sa.Column("until", TIME, nullable=True),
        sa.Column("framed", sa.Boolean(), nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        *_own("cabinet_pass"),
        _unique("cabinet_pass", "link_hash"),
        _unique("cabinet_pass", "session_hash"),
        sa.CheckConstraint(
            "(used_at is null) = (session_hash is null) and (used_at is null) = (until is null)"
            " and (used_at is null) = (framed is null)",
            name=op.f("ck_cabinet_pass_used"),
        ),
        _ref("cabinet_pass", "partner_id", "partner"),
    )
    op.create_index("ix_cabinet_pass_partner", "cabinet_pass", ["tenant_id", "partner_id", "id"])
    for table in TABLES:
        protect(table)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
