"""Large files that are read in the background, and shadow months."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.tenancy_ddl import protect

revision = "0048"
down_revision = "0047"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)


def _own(table: str) -> tuple[sa.Column[int], sa.Column[int], sa.PrimaryKeyConstraint]:
    return (
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{table}")),
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "import_chunk",
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        *_own("import_chunk"),
        sa.UniqueConstraint(
            "tenant_id", "file_id", "n", name=op.f("uq_import_chunk_tenant_id_file_id_n")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "file_id"],
            ["import_file.tenant_id", "import_file.id"],
            name=op.f("fk_import_chunk_tenant_id_file_id"),
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "shadow_month",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("live_from", TIME, nullable=True),
        sa.Column("live_by", sa.Text(), nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        *_own("shadow_month"),
        sa.UniqueConstraint("tenant_id", name=op.f("uq_shadow_month_tenant_id")),
    )
    for table in ("import_chunk", "shadow_month"):
        protect(table)


def downgrade() -> None:
    op.drop_table("shadow_month")
    op.drop_table("import_chunk")
