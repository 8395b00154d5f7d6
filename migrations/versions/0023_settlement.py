"""Prepaid balance, settlement through the platform, addresses of money calendars."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import list_rows, protect

revision = "0023"
down_revision = "0021"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)
TABLES = ("top_up", "payment_notice", "payment_channel", "told_once", "funding", "calendar_feed")


def _keys(table: str) -> tuple[sa.Column[int] | sa.PrimaryKeyConstraint, ...]:
    return (
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{table}")),
    )


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{to}.tenant_id", f"{to}.id"],
        name=op.f(f"fk_{table}_tenant_id_{column}"),
    )


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    names = ("tenant_id", *columns)
    return sa.UniqueConstraint(*names, name=op.f(f"uq_{table}_{'_'.join(names)}"))


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _int(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null)


def _time(name: str, *, null: bool = False) -> sa.Column[sa.DateTime]:
    return sa.Column(name, TIME, nullable=null)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "payout",
        sa.Column("settled_by", sa.Text(), server_default=sa.text("'own'"), nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_payout_settled_by"), "payout", "settled_by in ('own','platform')"
    )
    op.create_index(
        "ix_balance_prepaid",
        "balance",
        ["tenant_id"],
        postgresql_where=sa.text("account = 'merchant:balance'"),
    )
    op.create_index(
        "ix_share_waiting",
        "share",
        ["tenant_id", "order_id"],
        postgresql_where=sa.text("bucket in ('pending','expected') and amount > 0"),
    )
    _billing()
    _funding()
    op.create_table(
        "calendar_feed",
        *_keys("calendar_feed"),
        _text("owner"),
        _text("token_hash"),
        _time("created_at"),
        _time("revoked_at", null=True),
        _unique("calendar_feed", "token_hash"),
    )
    op.create_index(
        "uq_calendar_feed_owner",
        "calendar_feed",
        ["tenant_id", "owner"],
        unique=True,
        postgresql_where=sa.text("revoked_at is null"),
    )
    for table in TABLES:
        protect(table)
    for table in ("top_up", "payment_notice", "funding", "payout_method"):
        list_rows(table)


def _billing() -> None:
    op.execute("CREATE SEQUENCE invoice_number START 1001")
    op.execute("GRANT USAGE ON SEQUENCE invoice_number TO partnerka_app")
    op.create_table(
        "top_up",
        *_keys("top_up"),
        _text("public_id"),
        sa.Column(
            "number",
            sa.BigInteger(),
            server_default=sa.text("nextval('invoice_number')"),
            nullable=False,
        ),
        _int("amount"),
        _text("currency"),
        sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("payee", JSONB(), nullable=False),
        _text("payer"),
        _time("created_at"),
        _text("created_by"),
        _int("received", null=True),
        _time("received_at", null=True),
        _text("decided_by", null=True),
        _text("payment", null=True),
        _unique("top_up", "public_id"),
        _check("top_up", "amount", "amount > 0"),
        _check("top_up", "received", "received > 0"),
        _check("top_up", "state", "state in ('open','paid','withdrawn')"),
        _check("top_up", "paid", "(state = 'paid') = (received is not null)"),
    )
    op.create_index("uq_top_up_number", "top_up", ["number"], unique=True)
    op.create_index("ix_top_up_state", "top_up", ["tenant_id", "state", "id"])
    op.create_table(
        "payment_notice",
        *_keys("payment_notice"),
        _text("payment"),
        _text("status"),
        _int("amount"),
        _text("currency"),
        _int("top_up_id"),
        _text("fate"),
        _time("at"),
        _unique("payment_notice", "payment", "status"),
        _check("payment_notice", "status", "status in ('pending','succeeded','failed')"),
        _check("payment_notice", "fate", "fate in ('noted','credited','surplus')"),
        _refers("payment_notice", "top_up_id", "top_up"),
    )
    op.create_table(
        "payment_channel",
        *_keys("payment_channel"),
        _text("public_id"),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        _time("created_at"),
        _time("disabled_at", null=True),
        _unique("payment_channel", "public_id"),
    )
    op.create_table(
        "told_once", *_keys("told_once"), _text("key"), _time("at"), _unique("told_once", "key")
    )


def _funding() -> None:
    op.create_table(
        "funding",
        *_keys("funding"),
        _int("payout_id"),
        _int("partner_id"),
        _int("gross"),
        _int("fee"),
        _text("fee_paid_by"),
        _text("rate"),
        _time("since"),
        _time("funded_at"),
        _time("ended_at", null=True),
        _text("outcome", null=True),
        _time("retry_at", null=True),
        _unique("funding", "payout_id"),
        _check("funding", "gross", "gross > 0"),
        _check("funding", "fee", "fee between 0 and gross"),
        _check("funding", "fee_paid_by", "fee_paid_by in ('partner','merchant')"),
        _check("funding", "outcome", "outcome in ('paid','failed')"),
        _check("funding", "ended", "(ended_at is null) = (outcome is null)"),
        _refers("funding", "payout_id", "payout"),
        _refers("funding", "partner_id", "partner"),
    )
    op.create_index("ix_funding_partner", "funding", ["tenant_id", "partner_id", "id"])
    op.create_index("ix_funding_funded", "funding", ["tenant_id", "funded_at"])
    op.create_index(
        "ix_funding_open",
        "funding",
        ["tenant_id", "id"],
        postgresql_where=sa.text("ended_at is null"),
    )


def downgrade() -> None:
    op.execute("DROP POLICY list ON payout_method")
    op.execute("REVOKE SELECT ON payout_method FROM partnerka_list")
    for table in reversed(TABLES):
        op.drop_table(table)
    op.execute("DROP SEQUENCE invoice_number")
    op.drop_index("ix_share_waiting", "share")
    op.drop_index("ix_balance_prepaid", "balance")
    op.drop_constraint(op.f("ck_payout_settled_by"), "payout", type_="check")
    op.drop_column("payout", "settled_by")
