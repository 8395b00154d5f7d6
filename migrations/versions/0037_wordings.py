"""Messages to customers in the merchant's words; the language, wishes and frozen birthday of customers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import protect

revision = "0037"
down_revision = "0061"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "wording",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("texts", JSONB(), nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "(title is not null) = (code like 'tx\\_%')", name=op.f("ck_wording_title")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_wording")),
        sa.UniqueConstraint("tenant_id", "code", name=op.f("uq_wording_tenant_id_code")),
    )
    protect("wording")
    op.add_column("member", sa.Column("birthday_given_at", TIME, nullable=True))
    op.add_column("member", sa.Column("locale", sa.Text(), nullable=True))
    op.add_column(
        "member", sa.Column("letters", sa.Boolean(), server_default=sa.text("true"), nullable=False)
    )
    op.add_column("member", sa.Column("muted_at", TIME, nullable=True))


def downgrade() -> None:
    for column in ("muted_at", "letters", "locale", "birthday_given_at"):
        op.drop_column("member", column)
    op.drop_table("wording")
