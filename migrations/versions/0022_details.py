"""Kinds of payout methods, what is kept about partners' details, the merchant's legal details."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from migrations.tenancy_ddl import protect

revision = "0022"
down_revision = "0025"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "payout_method",
        sa.Column("kind", sa.Text(), server_default=sa.text("'other'"), nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_payout_method_kind"),
        "payout_method",
        "kind in ('bank','iban','card','phone','other')",
    )
    _partner()
    _merchant_legal()


def _partner() -> None:
    op.add_column("partner", sa.Column("details_former", sa.LargeBinary(), nullable=True))
    op.add_column("partner", sa.Column("details_frozen_at", TIME, nullable=True))
    op.add_column(
        "partner",
        sa.Column("details_for", ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    # Those given before cannot be read here: they count for every method until they are changed.
    op.execute(
        """
        UPDATE partner SET tax_status = 'person', details_for = array(
            SELECT code FROM payout_method m WHERE m.tenant_id = partner.tenant_id ORDER BY code
        ) WHERE details IS NOT NULL
        """
    )


def _merchant_legal() -> None:
    op.create_table(
        "merchant_legal",
        sa.Column("facts", JSONB(), nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_merchant_legal")),
        sa.UniqueConstraint("tenant_id", name=op.f("uq_merchant_legal_tenant_id")),
    )
    protect("merchant_legal")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("merchant_legal")
    for column in ("details_for", "details_frozen_at", "details_former"):
        op.drop_column("partner", column)
    op.drop_constraint(op.f("ck_payout_method_kind"), "payout_method", type_="check")
    op.drop_column("payout_method", "kind")
