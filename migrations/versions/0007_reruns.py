"""Long work that merchants start, its results; orders rated later; drafts of terms."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import find_work, protect

revision = "0007"
down_revision = "0006"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)
OPEN = sa.text("state in ('previewing','applying')")
EMPTY = sa.text("'{}'")
ZERO = sa.text("0")


def _tenant_id() -> sa.Column[int]:
    return sa.Column(
        "tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False
    )


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("orders", sa.Column("rated_as_of", TIME, nullable=True))
    op.create_index(
        "ix_orders_rated",
        "orders",
        ["tenant_id", "rated_as_of"],
        postgresql_where=sa.text("rated_as_of is not null"),
    )
    op.create_table(
        "run",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("parameters", JSONB(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=True),
        sa.Column("cursor", sa.BigInteger(), server_default=ZERO, nullable=False),
        sa.Column("done", sa.BigInteger(), server_default=ZERO, nullable=False),
        sa.Column("total", sa.BigInteger(), server_default=ZERO, nullable=False),
        sa.Column("sums", JSONB(), server_default=EMPTY, nullable=False),
        sa.Column("applied", JSONB(), server_default=EMPTY, nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        _tenant_id(),
        _id(),
        sa.CheckConstraint(
            "state in ('draft','previewing','previewed','applying','done','failed','stopped')",
            name=op.f("ck_run_state"),
        ),
        sa.CheckConstraint("phase in ('preview','apply')", name=op.f("ck_run_phase")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_run")),
        sa.UniqueConstraint("tenant_id", "public_id", name=op.f("uq_run_tenant_id_public_id")),
    )
    op.create_index("uq_run_open", "run", ["tenant_id", "lane"], unique=True, postgresql_where=OPEN)
    op.create_index("ix_run_open", "run", ["changed_at"], postgresql_where=OPEN)
    op.create_table(
        "run_line",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.BigInteger(), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("facts", JSONB(), server_default=EMPTY, nullable=False),
        _tenant_id(),
        _id(),
        sa.ForeignKeyConstraint(
            ["tenant_id", "run_id"],
            ["run.tenant_id", "run.id"],
            name=op.f("fk_run_line_tenant_id_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_run_line")),
        sa.UniqueConstraint(
            "tenant_id",
            "run_id",
            "kind",
            "subject",
            name=op.f("uq_run_line_tenant_id_run_id_kind_subject"),
        ),
    )
    op.create_index(
        "ix_run_line_change", "run_line", ["tenant_id", "run_id", "kind", "change", "id"]
    )
    op.create_table(
        "terms_draft",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("terms_id", sa.BigInteger(), nullable=False),
        sa.Column("facts", JSONB(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("published_at", TIME, nullable=True),
        sa.Column("holds_from", TIME, nullable=True),
        _tenant_id(),
        _id(),
        sa.ForeignKeyConstraint(
            ["tenant_id", "terms_id"],
            ["terms.tenant_id", "terms.id"],
            name=op.f("fk_terms_draft_tenant_id_terms_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_terms_draft")),
        sa.UniqueConstraint(
            "tenant_id", "public_id", name=op.f("uq_terms_draft_tenant_id_public_id")
        ),
    )
    op.create_index("ix_terms_draft_terms", "terms_draft", ["tenant_id", "terms_id"])
    for table in ("run", "run_line", "terms_draft"):
        protect(table)
    find_work("run", "SELECT")


def downgrade() -> None:
    for table in ("terms_draft", "run_line", "run"):
        op.drop_table(table)
    op.drop_index("ix_orders_rated", table_name="orders")
    op.drop_column("orders", "rated_as_of")
