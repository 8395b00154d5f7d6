"""What shops and outside services report of customers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import list_rows, protect

revision = "0033"
down_revision = "0030"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "member_event",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("data", JSONB(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("happened_at", TIME, nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_member_event")),
        sa.UniqueConstraint(
            "tenant_id",
            "shop_id",
            "external_id",
            name=op.f("uq_member_event_tenant_id_shop_id_external_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "shop_id"],
            ["shop.tenant_id", "shop.id"],
            name=op.f("fk_member_event_tenant_id_shop_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_member_event_tenant_id_member_id"),
        ),
    )
    op.create_index("ix_member_event_member", "member_event", ["tenant_id", "member_id", "id"])
    protect("member_event", append_only=True)
    list_rows("effect_application")
    # What an effect gave for an order follows the order: returned goods earn nothing.
    op.execute("DROP TRIGGER append_only ON effect_application")
    op.execute("GRANT UPDATE ON effect_application TO partnerka_app")


def downgrade() -> None:
    op.execute("REVOKE UPDATE ON effect_application FROM partnerka_app")
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON effect_application"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.drop_table("member_event")
