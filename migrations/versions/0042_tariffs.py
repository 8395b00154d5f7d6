"""Plans, monthly invoices and their lines; how each account stands with the platform."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import list_rows, protect

revision = "0042"
down_revision = "0036"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)
ITEMS = "'first_till','further_tills','integration','receipts','later','correction'"


def _keys(table: str) -> tuple[sa.Column[int] | sa.PrimaryKeyConstraint, ...]:
    return (
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{table}")),
    )


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    names = ("tenant_id", *columns)
    return sa.UniqueConstraint(*names, name=op.f(f"uq_{table}_{'_'.join(names)}"))


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _int(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _time(name: str, *, null: bool = False) -> sa.Column[sa.DateTime]:
    return sa.Column(name, TIME, nullable=null)


def _json(name: str) -> sa.Column[JSONB]:
    return sa.Column(name, JSONB(), nullable=False)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column in ("trial_until", "unpaid_due", "stopped_at"):
        op.add_column("tenant", _time(column, null=True))
    op.add_column("tenant", sa.Column("plan", sa.Text(), nullable=True))
    op.create_table(
        "tariff_plan",
        _text("code"),
        _time("since"),
        _json("terms"),
        sa.Column("offered", sa.Boolean(), nullable=False),
        _text("made_by"),
        _time("made_at"),
        *_keys("tariff_plan"),
    )
    op.create_index("ix_tariff_plan_code", "tariff_plan", ["tenant_id", "code", "since"])
    op.create_table(
        "tariff_invoice",
        _text("public_id"),
        sa.Column(
            "number", sa.BigInteger(), server_default=sa.text("nextval('invoice_number')"),
            nullable=False,
        ),
        sa.Column("month", sa.Date(), nullable=False),
        _text("currency"),
        _int("total"),
        sa.Column("credited", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        _text("state"),
        _json("usage"),
        _json("payee"),
        _text("payer"),
        _time("made_at"),
        _time("due_at"),
        _time("paid_at", null=True),
        *_keys("tariff_invoice"),
        _unique("tariff_invoice", "public_id"),
        _unique("tariff_invoice", "month"),
        _check("tariff_invoice", "state", "state in ('open','paid','nothing')"),
        _check("tariff_invoice", "credited", "credited between 0 and greatest(total, 0)"),
        _check("tariff_invoice", "paid", "(state = 'paid') = (paid_at is not null)"),
    )  # fmt: skip
    op.create_index("uq_tariff_invoice_number", "tariff_invoice", ["number"], unique=True)
    op.create_index(
        "ix_tariff_invoice_open",
        "tariff_invoice",
        ["tenant_id", "due_at"],
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "tariff_line",
        _int("invoice_id"),
        _int("n"),
        _text("item"),
        _text("plan"),
        _int("quantity"),
        _int("days"),
        _int("price"),
        _int("amount"),
        _text("about"),
        _text("made_by"),
        _time("made_at"),
        *_keys("tariff_line"),
        _unique("tariff_line", "invoice_id", "n"),
        _check("tariff_line", "days", "days > 0"),
        _check("tariff_line", "amount", "amount <> 0"),
        _check("tariff_line", "item", f"item in ({ITEMS})"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invoice_id"],
            ["tariff_invoice.tenant_id", "tariff_invoice.id"],
            name=op.f("fk_tariff_line_tenant_id_invoice_id"),
        ),
    )
    protect("tariff_plan", append_only=True)
    protect("tariff_invoice")
    protect("tariff_line", append_only=True)
    for table in ("tariff_invoice", "tariff_line"):
        list_rows(table)


def downgrade() -> None:
    op.drop_table("tariff_line")
    op.drop_table("tariff_invoice")
    op.drop_table("tariff_plan")
    for column in ("plan", "stopped_at", "unpaid_due", "trial_until"):
        op.drop_column("tenant", column)
