"""What a sale pays: terms of groups and codes, campaigns, promotional goods, caps; and first rows of new facts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import list_rows, protect

revision = "0005"
down_revision = "0004"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)
INDEXES = {
    "ix_partner_terms": "terms_id",
    "ix_partner_group": "group_id",
    "ix_partner_member": "member_id",
    "ix_partner_phone": "phone",
}

# What existing owners never said: each fact gets its first row at the owner's own first moment.
FIRST = {
    "merchant": {
        "promotional": "true",
        "foreign_coupons": "true",
        "allowed_coupons": "[]",
        "first_orders": "null",
        "cap_order": "null",
        "cap_customer": "null",
        "cap_partner": "null",
        "cap_month": "null",
        "over_cap": '"rest"',
    },
    "terms:%": {
        "levels_by_buyer": "{}",
        "cashback_rate": "null",
        "cap": "null",
        "starts": "null",
        "ends": "null",
    },
    "group:%": {"levels_by_buyer": "{}", "terms": "null"},
    "product:%": {"promo": "false"},
}
FILL = """
INSERT INTO fact (tenant_id, owner, name, value, valid_from)
SELECT tenant_id, owner, :name, cast(:value AS jsonb), min(valid_from) FROM fact
WHERE owner LIKE :owners GROUP BY tenant_id, owner
ON CONFLICT DO NOTHING
"""


def _tenant_id() -> sa.Column[int]:
    return sa.Column(
        "tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False
    )


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{to}.tenant_id", f"{to}.id"],
        name=op.f(f"fk_{table}_tenant_id_{column}"),
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("partner_group", sa.Column("terms_id", sa.BigInteger(), nullable=True))
    op.add_column("code", sa.Column("terms_id", sa.BigInteger(), nullable=True))
    for table in ("partner_group", "code"):
        op.create_foreign_key(
            op.f(f"fk_{table}_tenant_id_terms_id"),
            table,
            "terms",
            ["tenant_id", "terms_id"],
            ["tenant_id", "id"],
        )
    op.add_column(
        "product",
        sa.Column("promo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    for name, column in INDEXES.items():
        op.create_index(name, "partner", ["tenant_id", column])
    op.create_table(
        "campaign",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=True),
        sa.Column("stopped_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        _tenant_id(),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_campaign_ends")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_campaign")),
        sa.UniqueConstraint(
            "tenant_id", "public_id", name=op.f("uq_campaign_tenant_id_public_id")
        ),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_campaign_tenant_id_name")),
    )
    op.create_table(
        "cap",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=False),
        sa.Column("given", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("told_at", TIME, nullable=True),
        _tenant_id(),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_cap")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_cap_tenant_id_key")),
    )
    op.create_table(
        "cap_ask",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("available_at", TIME, nullable=False),
        sa.Column("ordered_at", TIME, nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("wanted", sa.BigInteger(), nullable=False),
        sa.Column("given", sa.BigInteger(), nullable=False),
        sa.Column("limits", JSONB(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        _tenant_id(),
        sa.CheckConstraint("given between 0 and wanted", name=op.f("ck_cap_ask_given")),
        sa.PrimaryKeyConstraint(
            "tenant_id", "order_id", "level", "partner_id", name=op.f("pk_cap_ask")
        ),
        _refers("cap_ask", "order_id", "orders"),
        _refers("cap_ask", "partner_id", "partner"),
    )
    op.create_index("ix_cap_ask_month", "cap_ask", ["tenant_id", "month", "available_at"])
    for table in ("campaign", "cap", "cap_ask"):
        protect(table)
    for table in ("cap", "cap_ask"):
        list_rows(table)
    for owners, facts in FIRST.items():
        for name, value in facts.items():
            op.get_bind().execute(
                sa.text(FILL), {"owners": owners, "name": name, "value": value}
            )


def downgrade() -> None:
    for owners, facts in FIRST.items():
        op.get_bind().execute(
            sa.text("DELETE FROM fact WHERE owner LIKE :owners AND name = ANY(:names)"),
            {"owners": owners, "names": list(facts)},
        )
    op.execute("DELETE FROM fact WHERE owner LIKE 'campaign:%'")
    for table in ("cap_ask", "cap", "campaign"):
        op.drop_table(table)
    for name in INDEXES:
        op.drop_index(name, table_name="partner")
    op.drop_column("product", "promo")
    op.drop_column("code", "terms_id")
    op.drop_column("partner_group", "terms_id")
