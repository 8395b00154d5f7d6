"""What came with registrations and subscriptions; one binding a customer; a customer's birthday."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.tenancy_ddl import protect

revision = "0006"
down_revision = "0005"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "enrolment",
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("told_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.BigInteger()),
        sa.Column("touch_at", TIME),
        sa.Column("won", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("why", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint(
            "kind in ('click','ref','partner_code')", name=op.f("ck_enrolment_kind")
        ),
        sa.CheckConstraint("how in ('registered','subscribed')", name=op.f("ck_enrolment_how")),
        _refers("member_id", "member"),
        _refers("told_id", "member"),
        _refers("partner_id", "partner"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_enrolment")),
        sa.UniqueConstraint(
            "tenant_id",
            "told_id",
            "kind",
            "evidence",
            name=op.f("uq_enrolment_tenant_id_told_id_kind_evidence"),
        ),
    )
    op.create_index("ix_enrolment_member", "enrolment", ["tenant_id", "member_id"])
    op.create_index("ix_enrolment_partner", "enrolment", ["tenant_id", "partner_id", "id"])
    protect("enrolment")
    op.drop_index("uq_binding_explicit", table_name="binding")
    op.drop_index("uq_binding_derived", table_name="binding")
    op.create_unique_constraint(
        op.f("uq_binding_tenant_id_member_id"), "binding", ["tenant_id", "member_id"]
    )
    op.add_column("member", sa.Column("birthday", sa.Date()))


def _refers(column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{to}.tenant_id", f"{to}.id"],
        name=op.f(f"fk_enrolment_tenant_id_{column}"),
    )


def downgrade() -> None:
    op.drop_column("member", "birthday")
    op.drop_constraint(op.f("uq_binding_tenant_id_member_id"), "binding")
    op.create_index(
        "uq_binding_derived",
        "binding",
        ["tenant_id", "member_id"],
        unique=True,
        postgresql_where=sa.text("order_id is not null"),
    )
    op.create_index(
        "uq_binding_explicit",
        "binding",
        ["tenant_id", "member_id"],
        unique=True,
        postgresql_where=sa.text("order_id is null"),
    )
    op.drop_table("enrolment")
