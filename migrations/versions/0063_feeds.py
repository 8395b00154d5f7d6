"""Catalogue feeds: where they come from, the files taken of them, and what these say of products."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from migrations.tenancy_ddl import find_work, protect

revision = "0063"
down_revision = "0069"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)
TABLES = ("catalog_feed", "feed_load", "feed_chunk", "feed_category", "feed_row", "feed_flaw")


def _tenant() -> sa.Column[int]:
    return sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False)


def _keys() -> tuple[sa.Column[int], sa.Column[int]]:
    return _tenant(), sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("tenant_id", *(columns or ("id",)), name=op.f(f"pk_{table}"))


def _of_load(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "load_id"],
        ["feed_load.tenant_id", "feed_load.id"],
        name=op.f(f"fk_{table}_tenant_id_load_id"),
        ondelete="CASCADE",
    )


def _text(name: str, *, optional: bool = False, default: str | None = None) -> sa.Column[str]:
    start = None if default is None else sa.text(default)
    return sa.Column(name, sa.Text(), nullable=optional, server_default=start)


def _number(name: str, *, optional: bool = False, default: str | None = None) -> sa.Column[int]:
    start = None if default is None else sa.text(default)
    return sa.Column(name, sa.BigInteger(), nullable=optional, server_default=start)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _products()
    _feed()
    _load()
    _parts()
    for table in TABLES:
        protect(table)
    find_work("catalog_feed", "SELECT")


def _products() -> None:
    op.add_column("product", _number("old_price", optional=True))
    op.add_column("product", _text("picture", optional=True))
    op.add_column(
        "product",
        sa.Column("available", sa.Boolean(), server_default=sa.text("true"), nullable=False),
    )
    op.add_column("product", _number("feed_id", optional=True))
    op.add_column("product", sa.Column("gone_at", TIME, nullable=True))


def _feed() -> None:
    op.create_table(
        "catalog_feed",
        _text("public_id"),
        _number("shop_id"),
        _text("name"),
        _text("address", optional=True),
        sa.Column("login", sa.LargeBinary(), nullable=True),
        _text("every", default="'never'"),
        sa.Column("at", sa.Time(), nullable=False),
        sa.Column("hides", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("marks_sales", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("mapping", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        _text("heads", optional=True),
        sa.Column("trusted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        _text("etag", optional=True),
        _text("last_modified", optional=True),
        _text("digest", optional=True),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("leased_until", TIME, nullable=True),
        sa.Column("checked_at", TIME, nullable=True),
        sa.Column("loaded_at", TIME, nullable=True),
        _number("failures", default="0"),
        _text("trouble", optional=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("retired_at", TIME, nullable=True),
        *_keys(),
        sa.CheckConstraint("every in ('never','hour','six','day')", name=op.f("ck_catalog_feed_every")),
        _key("catalog_feed"),
        sa.UniqueConstraint("tenant_id", "public_id", name=op.f("uq_catalog_feed_tenant_id_public_id")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "shop_id"],
            ["shop.tenant_id", "shop.id"],
            name=op.f("fk_catalog_feed_tenant_id_shop_id"),
        ),
    )
    op.create_index(
        "ix_catalog_feed_due", "catalog_feed", ["due_at"], postgresql_where=sa.text("due_at is not null")
    )


def _load() -> None:
    op.create_table(
        "feed_load",
        _text("public_id"),
        _number("feed_id"),
        _number("run_id", optional=True),
        _text("name"),
        _text("kind"),
        _text("encoding"),
        _text("sign"),
        sa.Column("columns", ARRAY(sa.Text()), nullable=False),
        sa.Column("samples", JSONB(), nullable=False),
        sa.Column("start", JSONB(), nullable=False),
        _number("size"),
        _text("digest"),
        sa.Column("at_once", sa.Boolean(), nullable=False),
        _number("rows", default="0"),
        _number("known", default="0"),
        _number("gone", default="0"),
        _number("flawed", default="0"),
        _text("problem", optional=True),
        _number("problem_line", optional=True),
        sa.Column("created_at", TIME, nullable=False),
        _text("created_by"),
        sa.Column("ended_at", TIME, nullable=True),
        *_keys(),
        _key("feed_load"),
        sa.UniqueConstraint(
            "tenant_id", "public_id", name=op.f("uq_feed_load_tenant_id_public_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "feed_id"],
            ["catalog_feed.tenant_id", "catalog_feed.id"],
            name=op.f("fk_feed_load_tenant_id_feed_id"),
        ),
    )
    op.create_index("ix_feed_load_feed", "feed_load", ["tenant_id", "feed_id", "id"])
    op.create_index("ix_feed_load_run", "feed_load", ["tenant_id", "run_id"])


def _parts() -> None:
    op.create_table(
        "feed_chunk",
        _tenant(),
        _number("load_id"),
        _number("n"),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        _key("feed_chunk", "load_id", "n"),
        _of_load("feed_chunk"),
    )
    # They are packed already.
    op.execute("ALTER TABLE feed_chunk ALTER COLUMN data SET STORAGE EXTERNAL")
    op.create_table(
        "feed_category",
        _tenant(),
        _number("load_id"),
        _number("number"),
        _number("line"),
        _text("external_id"),
        _text("name"),
        _text("parent"),
        _key("feed_category", "load_id", "number"),
        _of_load("feed_category"),
    )
    op.create_table(
        "feed_row",
        _tenant(),
        _number("load_id"),
        _number("number"),
        _number("line"),
        _text("external_id"),
        _text("verdict"),
        *(_text(name, optional=True) for name in ("name", "search", "category")),
        *(_number(name, optional=True) for name in ("price", "old_price")),
        *(_text(name, optional=True) for name in ("url", "picture")),
        sa.Column("available", sa.Boolean(), nullable=True),
        _number("cost", optional=True),
        sa.CheckConstraint(
            "verdict in ('new','changed','same')", name=op.f("ck_feed_row_verdict")
        ),
        _key("feed_row", "load_id", "number"),
        sa.UniqueConstraint(
            "tenant_id", "load_id", "external_id",
            name=op.f("uq_feed_row_tenant_id_load_id_external_id"),
        ),
    )
    op.create_table(
        "feed_flaw",
        _number("load_id"),
        _number("line"),
        *(_text(name) for name in ("external_id", "code", "said")),
        *_keys(),
        _key("feed_flaw"),
        _of_load("feed_flaw"),
    )
    op.create_index("ix_feed_flaw_load", "feed_flaw", ["tenant_id", "load_id", "line", "id"])


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    for column in ("gone_at", "feed_id", "available", "picture", "old_price"):
        op.drop_column("product", column)
