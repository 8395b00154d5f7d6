"""Ranks by results over windows, awards with pictures and by hand, how achievements look, brands of goods."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import protect

revision = "0047"
down_revision = "0046"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)
TABLES = ("achievement_look", "metric_bucket", "rank_hold", "rank_cursor")


def _tenant() -> sa.Column[int]:
    return sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False)


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{to}.tenant_id", f"{to}.id"],
        name=op.f(f"fk_{table}_tenant_id_{column}"),
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("product", sa.Column("brand", sa.Text(), nullable=True))
    op.add_column("product", sa.Column("supplier", sa.Text(), nullable=True))
    op.add_column("rank", sa.Column("symbol", sa.Text(), nullable=True))
    op.add_column(
        "rank_assignment",
        sa.Column("why", JSONB(), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column("award", sa.Column("symbol", sa.Text(), nullable=True))
    op.add_column("award", sa.Column("picture", sa.LargeBinary(), nullable=True))
    op.add_column("award_grant", sa.Column("actor", sa.Text(), nullable=True))
    op.add_column("award_grant", sa.Column("reason", sa.Text(), nullable=True))
    _achievement_look()
    _metric_bucket()
    _rank_hold()
    _rank_cursor()
    for table in TABLES:
        protect(table)


def _achievement_look() -> None:
    op.create_table(
        "achievement_look",
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=True),
        sa.Column("picture", sa.LargeBinary(), nullable=True),
        _tenant(),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_achievement_look")),
        sa.UniqueConstraint(
            "tenant_id", "metric", "level", name=op.f("uq_achievement_look_tenant_id_metric_level")
        ),
    )


def _metric_bucket() -> None:
    op.create_table(
        "metric_bucket",
        _tenant(),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "member_id", "metric", "day", name=op.f("pk_metric_bucket")
        ),
        sa.CheckConstraint("metric in ('orders','sum')", name=op.f("ck_metric_bucket_metric")),
        sa.CheckConstraint("value > 0", name=op.f("ck_metric_bucket_value")),
        _refers("metric_bucket", "member_id", "member"),
    )


def _rank_hold() -> None:
    op.create_table(
        "rank_hold",
        _tenant(),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("rank_id", sa.BigInteger(), nullable=True),
        sa.Column("falls_on", sa.Date(), nullable=True),
        sa.Column("look_on", sa.Date(), nullable=True),
        sa.Column("told_at", TIME, nullable=True),
        sa.Column("lacks", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "member_id", name=op.f("pk_rank_hold")),
        _refers("rank_hold", "member_id", "member"),
    )
    op.create_index("ix_rank_hold_look", "rank_hold", ["tenant_id", "look_on"])


def _rank_cursor() -> None:
    op.create_table(
        "rank_cursor",
        _tenant(),
        sa.Column("place", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("counted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("position", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_rank_cursor")),
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    for table, columns in (
        ("award_grant", ("reason", "actor")),
        ("award", ("picture", "symbol")),
        ("rank_assignment", ("why",)),
        ("rank", ("symbol",)),
        ("product", ("supplier", "brand")),
    ):
        for column in columns:
            op.drop_column(table, column)
