"""Ranks and awards of customers, achievements they reached, and who holds the rights to goods."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import protect

revision = "0061"
down_revision = "0034"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)
TABLES = ("rank", "rank_assignment", "award", "award_grant", "achievement", "supplier_owner")


def _keys() -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
    )


def _key(table: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{table}"))


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    names = ("tenant_id", *columns)
    return sa.UniqueConstraint(*names, name=op.f(f"uq_{table}_{'_'.join(names)}"))


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{to}.tenant_id", f"{to}.id"],
        name=op.f(f"fk_{table}_tenant_id_{column}"),
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "effect_application",
        sa.Column("times_undone", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    _words()
    _marks()
    _achievement()
    _supplier_owner()
    for table in TABLES:
        protect(table)


def _words() -> None:
    op.create_table(
        "rank",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        *_keys(),
        _key("rank"),
        _unique("rank", "public_id"),
        _unique("rank", "code"),
    )
    op.create_table(
        "award",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        *_keys(),
        _key("award"),
        _unique("award", "public_id"),
        _unique("award", "code"),
    )


def _marks() -> None:
    op.create_table(
        "rank_assignment",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("rank_id", sa.BigInteger(), nullable=True),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("undone_at", TIME, nullable=True),
        *_keys(),
        _key("rank_assignment"),
        _unique("rank_assignment", "member_id", "source"),
        _refers("rank_assignment", "member_id", "member"),
        _refers("rank_assignment", "rank_id", "rank"),
    )
    op.create_index("ix_rank_assignment_rank", "rank_assignment", ["tenant_id", "rank_id"])
    op.create_table(
        "award_grant",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("award_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("undone_at", TIME, nullable=True),
        *_keys(),
        _key("award_grant"),
        _unique("award_grant", "member_id", "source"),
        _refers("award_grant", "member_id", "member"),
        _refers("award_grant", "award_id", "award"),
    )
    op.create_index("ix_award_grant_award", "award_grant", ["tenant_id", "award_id"])


def _achievement() -> None:
    op.create_table(
        "achievement",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.Column("asked", JSONB(), nullable=False),
        sa.Column("reached_at", TIME, nullable=False),
        sa.Column("lost_at", TIME, nullable=True),
        *_keys(),
        _key("achievement"),
        _unique("achievement", "member_id", "metric", "level"),
        _refers("achievement", "member_id", "member"),
    )


def _supplier_owner() -> None:
    op.create_table(
        "supplier_owner",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.Column("partner_id", sa.BigInteger(), nullable=True),
        sa.Column("of", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("share", sa.Numeric(7, 4), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("until", TIME, nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        *_keys(),
        _key("supplier_owner"),
        _unique("supplier_owner", "public_id"),
        _refers("supplier_owner", "member_id", "member"),
        _refers("supplier_owner", "partner_id", "partner"),
        sa.CheckConstraint(
            "of in ('supplier','brand','product')", name=op.f("ck_supplier_owner_of")
        ),
        sa.CheckConstraint("share > 0 and share <= 100", name=op.f("ck_supplier_owner_share")),
        sa.CheckConstraint(
            "(member_id is null) <> (partner_id is null)", name=op.f("ck_supplier_owner_who")
        ),
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_column("effect_application", "times_undone")
