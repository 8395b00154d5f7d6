"""Partners' own keys, found through the directory as merchants' are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.tenancy_ddl import protect

revision = "0065"
down_revision = "0064"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)
KINDS = "'slug','domain','api_key','short','connection','past_domain','install'"


def _directory(kinds: str) -> None:
    op.drop_constraint(op.f("ck_directory_kind"), "directory", type_="check")
    op.create_check_constraint(op.f("ck_directory_kind"), "directory", f"kind in ({kinds})")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _directory(f"{KINDS},'partner_key'")
    op.create_table(
        "partner_key",
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("scopes", ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("last_used_at", TIME, nullable=True),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_partner_key")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "partner_id"],
            ["partner.tenant_id", "partner.id"],
            name=op.f("fk_partner_key_tenant_id_partner_id"),
        ),
    )
    op.create_index("ix_partner_key_partner", "partner_key", ["tenant_id", "partner_id"])
    protect("partner_key")


def downgrade() -> None:
    op.drop_table("partner_key")
    op.execute("DELETE FROM directory WHERE kind = 'partner_key'")
    _directory(KINDS)
