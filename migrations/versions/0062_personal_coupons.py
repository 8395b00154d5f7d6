"""Coupons that rules of bonuses give to customers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.tenancy_ddl import protect

revision = "0062"
down_revision = "0037"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)
TAKEN = "(taken_at is not null) = (partner_id is not null"


def _keys() -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
    )


def _refers(column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{to}.tenant_id", f"{to}.id"],
        name=op.f(f"fk_coupon_issue_tenant_id_{column}"),
    )


def _checks(origins: str, taken: str) -> None:
    for name, said in (("origin", f"origin in ({origins})"), ("taken", taken)):
        op.drop_constraint(op.f(f"ck_coupon_{name}"), "coupon", type_="check")
        op.create_check_constraint(op.f(f"ck_coupon_{name}"), "coupon", said)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _checks("'pool','made','assigned','personal'", f"{TAKEN} or origin = 'personal')")
    op.create_table(
        "coupon_kind",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("pattern", sa.Text(), nullable=False),
        sa.Column("days", sa.BigInteger(), nullable=True),
        sa.Column("archived_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        *_keys(),
        sa.CheckConstraint("days > 0", name=op.f("ck_coupon_kind_days")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_coupon_kind")),
        sa.UniqueConstraint(
            "tenant_id", "public_id", name=op.f("uq_coupon_kind_tenant_id_public_id")
        ),
    )
    op.create_table(
        "coupon_issue",
        sa.Column("kind_id", sa.BigInteger(), nullable=False),
        sa.Column("coupon_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("event_key", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("issued_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=True),
        sa.Column("off_at", TIME, nullable=True),
        *_keys(),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_coupon_issue")),
        sa.UniqueConstraint("tenant_id", "source", name=op.f("uq_coupon_issue_tenant_id_source")),
        sa.UniqueConstraint(
            "tenant_id", "coupon_id", name=op.f("uq_coupon_issue_tenant_id_coupon_id")
        ),
        _refers("kind_id", "coupon_kind"),
        _refers("coupon_id", "coupon"),
        _refers("member_id", "member"),
    )
    op.create_index("ix_coupon_issue_member", "coupon_issue", ["tenant_id", "member_id", "id"])
    protect("coupon_kind")
    protect("coupon_issue")


def downgrade() -> None:
    op.drop_table("coupon_issue")
    op.drop_table("coupon_kind")
    op.execute("DELETE FROM coupon WHERE origin = 'personal'")
    _checks("'pool','made','assigned'", f"{TAKEN})")
