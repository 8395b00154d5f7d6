"""Bonuses: lots, what moved them, and what is reserved for orders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.tenancy_ddl import find_work, list_rows, protect

revision = "0028"
down_revision = "0022"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)
PARTS = "'hold','spend','return','owed','lapse','claw','claw_lapsed','debt','loss'"


def _keys() -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
    )


def _key(table: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{table}"))


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{to}.tenant_id", f"{to}.id"],
        name=op.f(f"fk_{table}_tenant_id_{column}"),
    )


def _number(name: str, *, zero: bool = False) -> sa.Column[int]:
    default = sa.text("0") if zero else None
    return sa.Column(name, sa.BigInteger(), server_default=default, nullable=False)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _lot()
    _lot_part()
    _hold()
    protect("lot")
    protect("lot_part", append_only=True)
    protect("bonus_hold")
    for table in ("lot", "bonus_hold"):
        find_work(table, "SELECT")
    for table in ("lot", "lot_part", "bonus_hold"):
        list_rows(table)  # the nightly checks read all merchants


def _lot() -> None:
    op.create_table(
        "lot",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        _number("amount"),
        _number("remaining"),
        _number("held", zero=True),
        _number("lapsed", zero=True),
        _number("lapses", zero=True),
        _number("clawed", zero=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("activates_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=True),
        sa.Column("warned_at", TIME, nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        *_keys(),
        sa.CheckConstraint(
            "amount > 0 and 0 <= held and held <= remaining and remaining <= amount"
            " and 0 <= clawed and clawed <= amount and 0 <= lapsed and lapsed <= amount",
            name=op.f("ck_lot_sums"),
        ),
        _key("lot"),
        sa.UniqueConstraint("tenant_id", "reference", name=op.f("uq_lot_tenant_id_reference")),
        _refers("lot", "member_id", "member"),
        _refers("lot", "order_id", "orders"),
    )
    op.create_index("ix_lot_member", "lot", ["tenant_id", "member_id", "id"])
    for name, columns, where in (
        ("open", ["tenant_id", "member_id"], "remaining > 0"),
        ("lapsing", ["expires_at"], "active and remaining > held and expires_at is not null"),
        ("waiting", ["activates_at"], "not active"),
        ("order", ["tenant_id", "order_id"], "order_id is not null"),
    ):
        op.create_index(f"ix_lot_{name}", "lot", columns, postgresql_where=sa.text(where))


def _lot_part() -> None:
    op.create_table(
        "lot_part",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        _number("amount"),
        sa.Column("of", sa.Text(), nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        *_keys(),
        sa.CheckConstraint("amount > 0", name=op.f("ck_lot_part_amount")),
        sa.CheckConstraint(f"kind in ({PARTS})", name=op.f("ck_lot_part_kind")),
        _key("lot_part"),
        _refers("lot_part", "member_id", "member"),
        _refers("lot_part", "lot_id", "lot"),
    )
    op.create_index("ix_lot_part_reference", "lot_part", ["tenant_id", "reference", "id"])
    op.create_index("ix_lot_part_lot", "lot_part", ["tenant_id", "lot_id", "id"])
    op.create_index("ix_lot_part_member", "lot_part", ["tenant_id", "member_id", "id"])
    op.create_index(
        "ix_lot_part_of",
        "lot_part",
        ["tenant_id", "of"],
        postgresql_where=sa.text("of is not null"),
    )


def _hold() -> None:
    op.create_table(
        "bonus_hold",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        _number("amount"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("spending", sa.Text(), nullable=True),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        *_keys(),
        sa.CheckConstraint("amount > 0", name=op.f("ck_bonus_hold_amount")),
        sa.CheckConstraint(
            "state in ('held','captured','voided','timed_out')", name=op.f("ck_bonus_hold_state")
        ),
        sa.CheckConstraint(
            "(state = 'captured') = (spending is not null)", name=op.f("ck_bonus_hold_spending")
        ),
        _key("bonus_hold"),
        sa.UniqueConstraint(
            "tenant_id", "reference", name=op.f("uq_bonus_hold_tenant_id_reference")
        ),
        sa.UniqueConstraint(
            "tenant_id", "public_id", name=op.f("uq_bonus_hold_tenant_id_public_id")
        ),
        _refers("bonus_hold", "member_id", "member"),
    )
    op.create_index(
        "ix_bonus_hold_until", "bonus_hold", ["until"], postgresql_where=sa.text("state = 'held'")
    )
    op.create_index("ix_bonus_hold_member", "bonus_hold", ["tenant_id", "member_id"])


def downgrade() -> None:
    for table in ("bonus_hold", "lot_part", "lot"):
        op.drop_table(table)
