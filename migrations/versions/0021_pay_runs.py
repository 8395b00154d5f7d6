"""Pay runs, registers, bank files; what is kept back of a payout."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import find_work, list_rows, protect

revision = "0021"
down_revision = "0020"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)
TABLES = (
    "pay_run", "pay_line", "pay_plan", "pay_day", "register", "register_line", "bank_file", "bank_line",
)  # fmt: skip
STATES = (
    "'draft','preparing','prepared','approving','approved','paying','cancelling','done','cancelled'"
)
KEEPER = """
CREATE TRIGGER keep_payout BEFORE UPDATE ON payout FOR EACH ROW
WHEN (old.partner_id <> new.partner_id OR old.amount <> new.amount OR old.currency <> new.currency
      OR (new.details IS NOT NULL AND old.details IS DISTINCT FROM new.details){more})
EXECUTE FUNCTION keep_payout()
"""
# What was kept back of a payout that is over stays as it was.
CHARGES = """
      OR (old.ended_at IS NOT NULL AND (old.fee <> new.fee OR old.withheld <> new.withheld))"""


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


def _int(name: str, *, null: bool = False, default: str | None = None) -> sa.Column[int]:
    words = sa.text(default) if default else None
    return sa.Column(name, sa.BigInteger(), server_default=words, nullable=null)


def _text(name: str, *, null: bool = False, default: str | None = None) -> sa.Column[str]:
    words = sa.text(default) if default else None
    return sa.Column(name, sa.Text(), server_default=words, nullable=null)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _pay_run()
    _plan()
    _charges()
    _pay_line()
    _register()
    _bank()
    for table in TABLES:
        protect(table)
    find_work("pay_plan", "SELECT")
    list_rows("pay_run")
    list_rows("pay_line")


def _charges() -> None:
    op.add_column("payout", _int("fee", default="0"))
    op.add_column("payout", _int("withheld", default="0"))
    op.add_column("payout", _int("run_id", null=True))
    op.create_check_constraint(
        op.f("ck_payout_charges"),
        "payout",
        "fee >= 0 and withheld >= 0 and fee + withheld <= amount",
    )
    op.create_foreign_key(
        op.f("fk_payout_tenant_id_run_id"),
        "payout",
        "pay_run",
        ["tenant_id", "run_id"],
        ["tenant_id", "id"],
    )
    op.create_index(
        "ix_payout_run",
        "payout",
        ["tenant_id", "run_id", "id"],
        postgresql_where=sa.text("run_id is not null"),
    )
    op.execute("DROP TRIGGER keep_payout ON payout")
    op.execute(KEEPER.format(more=CHARGES))


def _pay_run() -> None:
    op.create_table(
        "pay_run",
        _text("public_id"),
        _text("state"),
        _text("pays"),
        _int("method_id", null=True),
        _int("minimum"),
        _text("currency"),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("pay_on", sa.Date(), nullable=False),
        sa.Column("planned_for", sa.Date(), nullable=True),
        _text("made_by"),
        sa.Column("made_at", TIME, nullable=False),
        _int("work_id", null=True),
        sa.Column("prepared_at", TIME, nullable=True),
        _text("prepared_by", null=True),
        sa.Column("approved_at", TIME, nullable=True),
        _text("approved_by", null=True),
        sa.Column("reminded_at", TIME, nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        _int("counted", default="0"),
        _int("total", default="0"),
        *_keys("pay_run"),
        _check("pay_run", "state", f"state in ({STATES})"),
        _check("pay_run", "pays", "pays in ('available','asked','both')"),
        _unique("pay_run", "public_id"),
        _unique("pay_run", "planned_for"),
        _refers("pay_run", "method_id", "payout_method"),
        _refers("pay_run", "work_id", "run"),
    )
    op.create_index(
        "uq_pay_run_open",
        "pay_run",
        ["tenant_id"],
        unique=True,
        postgresql_where=sa.text("state in ('draft','preparing')"),
    )
    op.create_index("ix_pay_run_made", "pay_run", ["tenant_id", "made_at", "id"])


def _plan() -> None:
    op.create_table(
        "pay_plan",
        _text("every"),
        _int("day"),
        _text("shift"),
        _text("pays"),
        _int("second_above", null=True),
        _text("weekend"),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        *_keys("pay_plan"),
        _check("pay_plan", "every", "every in ('never','week','month')"),
        _check("pay_plan", "day", "day between 1 and 31"),
        _check("pay_plan", "shift", "shift in ('before','after')"),
        _check("pay_plan", "pays", "pays in ('available','asked','both')"),
        _check("pay_plan", "second_above", "second_above >= 0"),
        _unique("pay_plan"),
    )
    op.create_table(
        "pay_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("works", sa.Boolean(), nullable=False),
        _text("name", default="''"),
        *_keys("pay_day"),
        _unique("pay_day", "day"),
    )


def _pay_line() -> None:
    op.create_table(
        "pay_line",
        _int("run_id"),
        _int("partner_id"),
        _int("amount"),
        _text("reason", null=True),
        _int("payout_id", null=True),
        sa.Column("reminded_at", TIME, nullable=True),
        *_keys("pay_line"),
        _check("pay_line", "amount", "amount >= 0"),
        _unique("pay_line", "run_id", "partner_id"),
        _unique("pay_line", "run_id", "payout_id"),
        _refers("pay_line", "run_id", "pay_run"),
        _refers("pay_line", "partner_id", "partner"),
        _refers("pay_line", "payout_id", "payout"),
    )
    op.create_index("ix_pay_line_reason", "pay_line", ["tenant_id", "run_id", "reason", "id"])
    op.create_index("ix_pay_line_amount", "pay_line", ["tenant_id", "run_id", "amount", "id"])


def _register() -> None:
    op.create_table(
        "register",
        _text("public_id"),
        _text("format"),
        _int("number"),
        _int("run_id", null=True),
        _text("made_by"),
        sa.Column("made_at", TIME, nullable=False),
        _int("counted"),
        _int("total"),
        *_keys("register"),
        _check("register", "format", "format in ('csv','xlsx','1c','pain')"),
        _unique("register", "public_id"),
        _unique("register", "number"),
        _refers("register", "run_id", "pay_run"),
    )
    op.create_table(
        "register_line",
        _int("register_id"),
        _int("payout_id"),
        _int("n"),
        *_keys("register_line"),
        _unique("register_line", "register_id", "payout_id"),
        _unique("register_line", "register_id", "n"),
        _refers("register_line", "register_id", "register"),
        _refers("register_line", "payout_id", "payout"),
    )
    op.create_index("ix_register_line_payout", "register_line", ["tenant_id", "payout_id"])


def _bank() -> None:
    op.create_table(
        "bank_file",
        _text("public_id"),
        _text("digest"),
        _text("name"),
        _text("format"),
        _text("account"),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        _text("loaded_by"),
        sa.Column("loaded_at", TIME, nullable=False),
        _text("applied_by", null=True),
        sa.Column("applied_at", TIME, nullable=True),
        sa.Column("sums", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        *_keys("bank_file"),
        _check("bank_file", "format", "format in ('1c','camt')"),
        _unique("bank_file", "public_id"),
        _unique("bank_file", "digest"),
    )
    op.create_index("ix_bank_file_loaded", "bank_file", ["tenant_id", "loaded_at", "id"])
    op.create_table(
        "bank_line",
        _int("file_id"),
        _int("n"),
        sa.Column("incoming", sa.Boolean(), nullable=False),
        _int("amount"),
        sa.Column("on_day", sa.Date(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _int("payout_id", null=True),
        _text("verdict"),
        sa.Column("applied", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        *_keys("bank_line"),
        _unique("bank_line", "file_id", "n"),
        _refers("bank_line", "file_id", "bank_file"),
        _refers("bank_line", "payout_id", "payout"),
    )
    op.create_index("ix_bank_line_verdict", "bank_line", ["tenant_id", "file_id", "verdict", "n"])


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_payout ON payout")
    op.drop_index("ix_payout_run", "payout")
    op.drop_constraint(op.f("fk_payout_tenant_id_run_id"), "payout", type_="foreignkey")
    op.drop_constraint(op.f("ck_payout_charges"), "payout", type_="check")
    for column in ("run_id", "withheld", "fee"):
        op.drop_column("payout", column)
    op.execute(KEEPER.format(more=""))
    for table in reversed(TABLES):
        op.drop_table(table)
