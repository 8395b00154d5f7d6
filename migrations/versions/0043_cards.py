"""Loyalty cards, codes asked for by phone, and customers signed in by one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.tenancy_ddl import protect

revision = "0043"
down_revision = "0044"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)
LIVE = sa.text("ended_at is null")


def _own(table: str) -> tuple[sa.Column[int], sa.Column[int], sa.PrimaryKeyConstraint]:
    return (
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{table}")),
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "loyalty_card",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        *_own("loyalty_card"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_loyalty_card_tenant_id_member_id"),
        ),
    )
    op.create_index(
        "uq_loyalty_card_number",
        "loyalty_card",
        ["tenant_id", "shop_id", "number"],
        unique=True,
        postgresql_where=LIVE,
    )
    op.create_index(
        "uq_loyalty_card_member",
        "loyalty_card",
        ["tenant_id", "member_id"],
        unique=True,
        postgresql_where=LIVE,
    )
    op.create_table(
        "phone_code",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("tries", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        *_own("phone_code"),
        sa.UniqueConstraint(
            "tenant_id", "token_hash", name=op.f("uq_phone_code_tenant_id_token_hash")
        ),
    )
    op.create_index("ix_phone_code_phone", "phone_code", ["tenant_id", "phone", "asked_at"])
    op.create_table(
        "card_session",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        *_own("card_session"),
        sa.UniqueConstraint(
            "tenant_id", "token_hash", name=op.f("uq_card_session_tenant_id_token_hash")
        ),
    )
    for table in ("loyalty_card", "phone_code", "card_session"):
        protect(table)
    # Who signs in names a phone: his customers are found by it.
    op.create_index("ix_member_phone", "member", ["tenant_id", "phone"])


def downgrade() -> None:
    op.drop_index("ix_member_phone", "member")
    for table in ("card_session", "phone_code", "loyalty_card"):
        op.drop_table(table)
