"""Partner money turned into bonuses, and bonuses withdrawn as money."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.tenancy_ddl import list_rows, protect

revision = "0032"
down_revision = "0028"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "bonus_conversion",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("money", sa.BigInteger(), nullable=False),
        sa.Column("bonuses", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("way in ('to_bonuses','to_money')", name=op.f("ck_bonus_conversion_way")),
        sa.CheckConstraint("money > 0 and bonuses > 0", name=op.f("ck_bonus_conversion_amounts")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_bonus_conversion")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_bonus_conversion_tenant_id_key")),
        sa.UniqueConstraint(
            "tenant_id", "public_id", name=op.f("uq_bonus_conversion_tenant_id_public_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "partner_id"],
            ["partner.tenant_id", "partner.id"],
            name=op.f("fk_bonus_conversion_tenant_id_partner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_bonus_conversion_tenant_id_member_id"),
        ),
    )
    op.create_index("ix_bonus_conversion_partner", "bonus_conversion", ["tenant_id", "partner_id", "id"])
    protect("bonus_conversion", append_only=True)
    list_rows("bonus_conversion")


def downgrade() -> None:
    op.drop_table("bonus_conversion")
