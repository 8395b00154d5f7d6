"""The last calls of each API key, masked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.tenancy_ddl import protect

revision = "0044"
down_revision = "0062"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _int(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "api_call",
        _int("key_id"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _text("method"),
        _text("path"),
        _int("status"),
        _text("reason"),
        _int("ms"),
        _text("body"),
        _text("answer"),
        _text("request_id"),
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_api_call")),
    )
    op.create_index("ix_api_call_key", "api_call", ["tenant_id", "key_id", "id"])
    protect("api_call")


def downgrade() -> None:
    op.drop_table("api_call")
