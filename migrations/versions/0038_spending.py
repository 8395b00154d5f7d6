"""Orders paid with partner money, and what of their wishes was cut."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.tenancy_ddl import find_work, list_rows, protect

revision = "0038"
down_revision = "0062"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _columns()
    _money_hold()


def _columns() -> None:
    for name in ("asked", "money_asked", "partner_id"):
        op.add_column("order_bonus", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column(
        "order_bonus", sa.Column("money", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.create_check_constraint(
        op.f("ck_order_bonus_money"),
        "order_bonus",
        "money >= 0 and (money = 0 or partner_id is not null)",
    )
    op.add_column(
        "order_spending",
        sa.Column("purse", sa.Text(), server_default=sa.text("'bonus'"), nullable=False),
    )
    op.add_column("order_spending", sa.Column("partner_id", sa.BigInteger(), nullable=True))
    op.create_check_constraint(
        op.f("ck_order_spending_purse"),
        "order_spending",
        "purse in ('bonus','money') and (purse = 'money') = (partner_id is not null)",
    )
    op.add_column(
        "checkout_hold",
        sa.Column("money", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    for table in ("order_bonus", "order_spending"):
        op.create_foreign_key(
            op.f(f"fk_{table}_tenant_id_partner_id"),
            table,
            "partner",
            ["tenant_id", "partner_id"],
            ["tenant_id", "id"],
        )


def _money_hold() -> None:
    op.create_table(
        "money_hold",
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("about", sa.Text(), nullable=True),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_money_hold_amount")),
        sa.CheckConstraint(
            "state in ('held','captured','voided','timed_out')", name=op.f("ck_money_hold_state")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_money_hold")),
        sa.UniqueConstraint(
            "tenant_id", "reference", name=op.f("uq_money_hold_tenant_id_reference")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "partner_id"],
            ["partner.tenant_id", "partner.id"],
            name=op.f("fk_money_hold_tenant_id_partner_id"),
        ),
    )
    op.create_index(
        "ix_money_hold_until", "money_hold", ["until"], postgresql_where=sa.text("state = 'held'")
    )
    protect("money_hold")
    find_work("money_hold", "SELECT")
    list_rows("money_hold")


def downgrade() -> None:
    op.drop_table("money_hold")
    op.drop_column("checkout_hold", "money")
    op.drop_column("order_spending", "partner_id")
    op.drop_column("order_spending", "purse")
    for name in ("partner_id", "money_asked", "money", "asked"):
        op.drop_column("order_bonus", name)
