"""Requests of partners to have their bonuses as money."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.tenancy_ddl import list_rows, protect

revision = "0058"
down_revision = "0038"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)
TABLE = "bonus_withdrawal"


def _refers(column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{to}.tenant_id", f"{to}.id"],
        name=op.f(f"fk_{TABLE}_tenant_id_{column}"),
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        TABLE,
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("ripe_at", TIME, nullable=False),
        sa.Column("requested_at", TIME, nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("payout_id", sa.BigInteger(), nullable=True),
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "amount > 0 and fee >= 0 and fee < amount", name=op.f(f"ck_{TABLE}_amounts")
        ),
        sa.CheckConstraint(
            "state in ('requested','approved','rejected','cancelled')", name=op.f(f"ck_{TABLE}_state")
        ),
        sa.CheckConstraint(
            "(state = 'requested') = (decided_at is null)", name=op.f(f"ck_{TABLE}_decided")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{TABLE}")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f(f"uq_{TABLE}_tenant_id_key")),
        sa.UniqueConstraint("tenant_id", "public_id", name=op.f(f"uq_{TABLE}_tenant_id_public_id")),
        _refers("partner_id", "partner"),
        _refers("member_id", "member"),
        _refers("payout_id", "payout"),
    )
    op.create_index(
        f"uq_{TABLE}_open",
        TABLE,
        ["tenant_id", "partner_id"],
        unique=True,
        postgresql_where=sa.text("state = 'requested'"),
    )
    op.create_index(f"ix_{TABLE}_partner", TABLE, ["tenant_id", "partner_id", "id"])
    protect(TABLE)
    list_rows(TABLE)


def downgrade() -> None:
    op.drop_table(TABLE)
