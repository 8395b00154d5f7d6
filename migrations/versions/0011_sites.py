"""Categories have a page of their own, where partners' links may lead; partners' sites are proved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.tenancy_ddl import find_work, protect

revision = "0011"
down_revision = "0010"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("category", sa.Column("url", sa.Text(), nullable=True))
    op.add_column(
        "link",
        sa.Column("is_site", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_table(
        "verified_site",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("how", sa.Text(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("misses", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("verified_at", TIME, nullable=True),
        sa.Column("checked_at", TIME, nullable=True),
        sa.Column("check_at", TIME, nullable=True),
        sa.Column(
            "tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "state in ('waiting','verified','lost','withdrawn')",
            name=op.f("ck_verified_site_state"),
        ),
        sa.CheckConstraint("how in ('file','meta','dns')", name=op.f("ck_verified_site_how")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_verified_site")),
        sa.UniqueConstraint(
            "tenant_id", "public_id", name=op.f("uq_verified_site_tenant_id_public_id")
        ),
        sa.UniqueConstraint(
            "tenant_id",
            "partner_id",
            "host",
            name=op.f("uq_verified_site_tenant_id_partner_id_host"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "partner_id"],
            ["partner.tenant_id", "partner.id"],
            name=op.f("fk_verified_site_tenant_id_partner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "link_id"],
            ["link.tenant_id", "link.id"],
            name=op.f("fk_verified_site_tenant_id_link_id"),
        ),
    )
    op.create_index(
        "uq_verified_site_host",
        "verified_site",
        ["tenant_id", "host"],
        unique=True,
        postgresql_where=sa.text("state = 'verified'"),
    )
    op.create_index(
        "ix_verified_site_check",
        "verified_site",
        ["check_at"],
        postgresql_where=sa.text("check_at is not null"),
    )
    protect("verified_site")
    find_work("verified_site", "SELECT")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("verified_site")
    op.drop_column("link", "is_site")
    op.drop_column("category", "url")
