"""Creatives: who sees them, whose links go with them, how often they were shown."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.tenancy_ddl import find_work, protect

revision = "0019"
down_revision = "0018"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)


def _keys() -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
    )


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{to}.tenant_id", f"{to}.id"],
        name=op.f(f"fk_{table}_tenant_id_{column}"),
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=sa.text("''"), nullable=False)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "creative",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("category_id", sa.BigInteger(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("valid_from", TIME, nullable=True),
        sa.Column("valid_to", TIME, nullable=True),
        sa.Column("position", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("shown", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        _text("subject"),
        _text("body"),
        _text("html"),
        _text("label"),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("filename", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("width", sa.BigInteger(), nullable=True),
        sa.Column("height", sa.BigInteger(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("archived_at", TIME, nullable=True),
        *_keys(),
        sa.CheckConstraint(
            "kind in ('banner','text','letter','file','html')", name=op.f("ck_creative_kind")
        ),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_creative_valid")),
        sa.CheckConstraint(
            "(digest is not null) = (kind in ('banner','file'))", name=op.f("ck_creative_file")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_creative")),
        sa.UniqueConstraint("tenant_id", "public_id", name=op.f("uq_creative_tenant_id_public_id")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_creative_tenant_id_key")),
        _refers("creative", "shop_id", "shop"),
        _refers("creative", "product_id", "product"),
        _refers("creative", "category_id", "category"),
    )
    op.create_index("ix_creative_order", "creative", ["tenant_id", "position", "id"])
    op.create_index("ix_creative_product", "creative", ["tenant_id", "product_id"])
    op.create_table(
        "creative_reader",
        sa.Column("creative_id", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("terms_id", sa.BigInteger(), nullable=True),
        *_keys(),
        sa.CheckConstraint(
            "num_nonnulls(group_id, terms_id) = 1", name=op.f("ck_creative_reader_one")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_creative_reader")),
        _refers("creative_reader", "creative_id", "creative"),
        _refers("creative_reader", "group_id", "partner_group"),
        _refers("creative_reader", "terms_id", "terms"),
    )
    op.create_index("ix_creative_reader", "creative_reader", ["tenant_id", "creative_id"])
    op.create_table(
        "creative_link",
        sa.Column("creative_id", sa.BigInteger(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        *_keys(),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_creative_link")),
        sa.UniqueConstraint(
            "tenant_id",
            "creative_id",
            "partner_id",
            name=op.f("uq_creative_link_tenant_id_creative_id_partner_id"),
        ),
        sa.UniqueConstraint(
            "tenant_id", "link_id", name=op.f("uq_creative_link_tenant_id_link_id")
        ),
        _refers("creative_link", "creative_id", "creative"),
        _refers("creative_link", "partner_id", "partner"),
        _refers("creative_link", "link_id", "link"),
    )
    op.create_table(
        "creative_show",
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("shows", sa.BigInteger(), nullable=False),
        *_keys(),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_creative_show")),
        sa.UniqueConstraint(
            "tenant_id", "link_id", "day", name=op.f("uq_creative_show_tenant_id_link_id_day")
        ),
        _refers("creative_show", "link_id", "link"),
    )
    for table in ("creative", "creative_reader", "creative_link", "creative_show"):
        protect(table)
    find_work("creative_show", "SELECT, INSERT, UPDATE")


def downgrade() -> None:
    for table in ("creative_show", "creative_link", "creative_reader", "creative"):
        op.drop_table(table)
