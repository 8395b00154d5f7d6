"""Codes that hold for a time, a number of orders or one shop; first-order coupons; staff's word on an order."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import protect

revision = "0016"
down_revision = "0015"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)
NEW = ("coupon_grant", "coupon", "order_word", "code_use")


def _keys() -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        sa.Column(
            "tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
    )


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{to}.tenant_id", f"{to}.id"],
        name=op.f(f"fk_{table}_tenant_id_{column}"),
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _codes()
    _words()
    _coupons()
    for table in reversed(NEW):
        protect(table, append_only=table == "order_word")


def _codes() -> None:
    op.add_column(
        "code", sa.Column("dated", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("code", sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("code", sa.Column("gives", sa.Text(), nullable=True))
    op.create_table(
        "code_use",
        sa.Column("code_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=False),
        sa.Column("stands", sa.Boolean(), nullable=False),
        sa.Column("within", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        *_keys(),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_code_use")),
        sa.UniqueConstraint(
            "tenant_id", "code_id", "order_id", name=op.f("uq_code_use_tenant_id_code_id_order_id")
        ),
        _refers("code_use", "code_id", "code"),
        _refers("code_use", "order_id", "orders"),
        _refers("code_use", "shop_id", "shop"),
    )
    op.create_index(
        "ix_code_use_place",
        "code_use",
        ["tenant_id", "code_id", "made_at", "shop_id", "external_id"],
    )
    op.create_index("ix_code_use_order", "code_use", ["tenant_id", "order_id"])
    # What came by two ways is two pieces of evidence: an unproven one must not hide a proven one.
    op.add_column("enrolment", sa.Column("refused", sa.Text(), nullable=True))
    op.drop_constraint(op.f("ck_enrolment_how"), "enrolment")
    op.create_check_constraint(
        op.f("ck_enrolment_how"),
        "enrolment",
        "how in ('registered','subscribed','typed','confirmed')",
    )
    op.drop_constraint(op.f("uq_enrolment_tenant_id_told_id_kind_evidence"), "enrolment")
    op.create_unique_constraint(
        op.f("uq_enrolment_tenant_id_told_id_kind_evidence_how"),
        "enrolment",
        ["tenant_id", "told_id", "kind", "evidence", "how"],
    )


def _words() -> None:
    op.create_table(
        "order_word",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("promo_code", sa.Text(), nullable=True),
        sa.Column("refcode", sa.Text(), nullable=True),
        sa.Column("terms", sa.Text(), nullable=True),
        sa.Column("over", JSONB(none_as_null=True), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        *_keys(),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_order_word")),
        _refers("order_word", "order_id", "orders"),
    )
    op.create_index("ix_order_word_order", "order_word", ["tenant_id", "order_id", "id"])


def _coupons() -> None:
    op.create_table(
        "coupon",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("display", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("taken_at", TIME, nullable=True),
        sa.Column("withdrawn_at", TIME, nullable=True),
        *_keys(),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_coupon")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_coupon_tenant_id_key")),
        sa.CheckConstraint("origin in ('pool','made','assigned')", name=op.f("ck_coupon_origin")),
        sa.CheckConstraint(
            "(taken_at is not null) = (partner_id is not null)", name=op.f("ck_coupon_taken")
        ),
        _refers("coupon", "shop_id", "shop"),
        _refers("coupon", "partner_id", "partner"),
    )
    op.create_index(
        "ix_coupon_free",
        "coupon",
        ["tenant_id", "id"],
        postgresql_where=sa.text("taken_at is null and withdrawn_at is null"),
    )
    op.create_index("ix_coupon_partner", "coupon", ["tenant_id", "partner_id"])
    op.create_table(
        "coupon_grant",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("coupon_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("given_at", TIME, nullable=True),
        *_keys(),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_coupon_grant")),
        sa.UniqueConstraint(
            "tenant_id", "public_id", name=op.f("uq_coupon_grant_tenant_id_public_id")
        ),
        sa.UniqueConstraint(
            "tenant_id", "member_id", name=op.f("uq_coupon_grant_tenant_id_member_id")
        ),
        sa.UniqueConstraint(
            "tenant_id", "coupon_id", name=op.f("uq_coupon_grant_tenant_id_coupon_id")
        ),
        sa.CheckConstraint(
            "(coupon_id is not null) = (given_at is not null)", name=op.f("ck_coupon_grant_given")
        ),
        _refers("coupon_grant", "member_id", "member"),
        _refers("coupon_grant", "shop_id", "shop"),
        _refers("coupon_grant", "partner_id", "partner"),
        _refers("coupon_grant", "coupon_id", "coupon"),
    )
    op.create_index("ix_coupon_grant_email", "coupon_grant", ["tenant_id", "email"])
    op.create_index("ix_coupon_grant_phone", "coupon_grant", ["tenant_id", "phone"])
    op.create_index(
        "ix_coupon_grant_owed",
        "coupon_grant",
        ["tenant_id", "id"],
        postgresql_where=sa.text("coupon_id is null"),
    )


def downgrade() -> None:
    for table in NEW:
        op.drop_table(table)
    op.drop_constraint(op.f("uq_enrolment_tenant_id_told_id_kind_evidence_how"), "enrolment")
    op.execute(
        "DELETE FROM enrolment e USING enrolment o WHERE o.tenant_id = e.tenant_id"
        " AND o.told_id = e.told_id AND o.kind = e.kind AND o.evidence = e.evidence AND o.id < e.id"
    )
    op.execute("UPDATE enrolment SET how = 'subscribed' WHERE how in ('typed','confirmed')")
    op.create_unique_constraint(
        op.f("uq_enrolment_tenant_id_told_id_kind_evidence"),
        "enrolment",
        ["tenant_id", "told_id", "kind", "evidence"],
    )
    op.drop_constraint(op.f("ck_enrolment_how"), "enrolment")
    op.create_check_constraint(
        op.f("ck_enrolment_how"), "enrolment", "how in ('registered','subscribed')"
    )
    op.drop_column("enrolment", "refused")
    for column in ("gives", "note", "dated"):
        op.drop_column("code", column)
