"""The fraud desk's files and words, blocks that can be undone whole, disputes with their threads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import protect

revision = "0015"
down_revision = "0014"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)
BIG, TEXT, YES_NO = sa.BigInteger(), sa.Text(), sa.Boolean()


def _tenant() -> sa.Column[int]:
    return sa.Column("tenant_id", BIG, server_default=sa.text(TENANT), nullable=False)


def _keys() -> tuple[sa.Column[int], sa.Column[int]]:
    return _tenant(), sa.Column("id", BIG, sa.Identity(always=False), nullable=False)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("tenant_id", *(columns or ("id",)), name=op.f(f"pk_{table}"))


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{to}.tenant_id", f"{to}.id"],
        name=op.f(f"fk_{table}_tenant_id_{column}"),
    )


def _column(name: str, kind: sa.types.TypeEngine[object], *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=null)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in ("pays_blocked", "links_off"):
        column = sa.Column(name, YES_NO, server_default=sa.text("false"), nullable=False)
        op.add_column("partner", column)
    op.create_index("ix_orders_number", "orders", ["tenant_id", "number"])
    _desk()
    _blocks()
    _disputes()
    for table in ("fraud_file", "fraud_mark", "fraud_device", "block", "dispute"):
        protect(table)
    for table in ("fraud_decision", "dispute_remark", "staff_claim"):
        protect(table, append_only=True)


def _desk() -> None:
    op.create_table(
        "fraud_file",
        _tenant(),
        _column("order_id", BIG),
        _column("trace", JSONB()),
        _column("partner_id", BIG, null=True),
        _column("signs", JSONB()),
        _column("kinds", TEXT),
        _column("standing", TEXT),
        _column("opened_at", TIME, null=True),
        sa.CheckConstraint(
            "standing in ('clear','held','released','refused')", name=op.f("ck_fraud_file_standing")
        ),
        _key("fraud_file", "order_id"),
        _refers("fraud_file", "order_id", "orders"),
        _refers("fraud_file", "partner_id", "partner"),
    )
    op.create_index(
        "ix_fraud_file_held",
        "fraud_file",
        ["tenant_id", "order_id"],
        postgresql_where=sa.text("standing = 'held'"),
    )
    op.create_index("ix_fraud_file_partner", "fraud_file", ["tenant_id", "partner_id", "order_id"])
    op.create_table(
        "fraud_device",
        _tenant(),
        _column("device", TEXT),
        _column("order_id", BIG),
        _key("fraud_device", "device", "order_id"),
        _refers("fraud_device", "order_id", "orders"),
    )
    op.create_table(
        "fraud_decision",
        _column("order_id", BIG),
        _column("batch", TEXT),
        _column("word", TEXT),
        _column("said", TEXT),
        _column("actor", TEXT),
        _column("at", TIME),
        *_keys(),
        sa.CheckConstraint(
            "word in ('hold','release','refuse','none')", name=op.f("ck_fraud_decision_word")
        ),
        _key("fraud_decision"),
        sa.UniqueConstraint(
            "tenant_id", "batch", "order_id", name=op.f("uq_fraud_decision_tenant_id_batch_order_id")
        ),
        _refers("fraud_decision", "order_id", "orders"),
    )
    op.create_index(
        "ix_fraud_decision_order", "fraud_decision", ["tenant_id", "order_id", "id"]
    )
    op.create_table(
        "fraud_mark",
        _column("partner_id", BIG),
        _column("digest", TEXT),
        _column("since", TIME),
        *_keys(),
        _key("fraud_mark"),
        sa.UniqueConstraint(
            "tenant_id", "digest", "partner_id", name=op.f("uq_fraud_mark_tenant_id_digest_partner_id")
        ),
        _refers("fraud_mark", "partner_id", "partner"),
    )
    op.create_index("ix_fraud_mark_partner", "fraud_mark", ["tenant_id", "partner_id"])


def _blocks() -> None:
    op.create_table(
        "block",
        _column("public_id", TEXT),
        _column("partner_id", BIG),
        _column("reason", TEXT),
        _column("letter", YES_NO),
        _column("refuse_from", TIME, null=True),
        _column("money", TEXT),
        _column("reject", YES_NO),
        _column("links_off", YES_NO),
        _column("effects", JSONB()),
        _column("actor", TEXT),
        _column("at", TIME),
        _column("undone_at", TIME, null=True),
        _column("undone_by", TEXT, null=True),
        *_keys(),
        sa.CheckConstraint("money in ('keep','hold','write_off')", name=op.f("ck_block_money")),
        _key("block"),
        sa.UniqueConstraint("tenant_id", "public_id", name=op.f("uq_block_tenant_id_public_id")),
        _refers("block", "partner_id", "partner"),
    )
    op.create_index(
        "uq_block_standing",
        "block",
        ["tenant_id", "partner_id"],
        unique=True,
        postgresql_where=sa.text("undone_at is null"),
    )
    op.create_index("ix_block_partner", "block", ["tenant_id", "partner_id", "id"])


def _disputes() -> None:
    op.create_table(
        "dispute",
        _column("public_id", TEXT),
        _column("partner_id", BIG),
        _column("number", TEXT),
        _column("order_id", BIG, null=True),
        _column("verdict", TEXT),
        _column("state", TEXT),
        _column("said", TEXT, null=True),
        _column("opened_at", TIME),
        _column("due_at", TIME),
        _column("reminded_at", TIME, null=True),
        _column("decided_at", TIME, null=True),
        _column("decided_by", TEXT, null=True),
        *_keys(),
        sa.CheckConstraint(
            "state in ('open','attributed','declined','withdrawn')", name=op.f("ck_dispute_state")
        ),
        sa.CheckConstraint(
            "(state = 'open') = (decided_at is null)", name=op.f("ck_dispute_decided")
        ),
        _key("dispute"),
        sa.UniqueConstraint("tenant_id", "public_id", name=op.f("uq_dispute_tenant_id_public_id")),
        _refers("dispute", "partner_id", "partner"),
        _refers("dispute", "order_id", "orders"),
    )
    opened = sa.text("state = 'open'")
    waiting = sa.text("state = 'open' and reminded_at is null")
    op.create_index(
        "uq_dispute_open",
        "dispute",
        ["tenant_id", "partner_id", "number"],
        unique=True,
        postgresql_where=opened,
    )
    op.create_index("ix_dispute_partner", "dispute", ["tenant_id", "partner_id", "id"])
    op.create_index("ix_dispute_due", "dispute", ["tenant_id", "due_at"], postgresql_where=waiting)
    op.create_index("ix_dispute_open", "dispute", ["tenant_id", "id"], postgresql_where=opened)
    op.create_table(
        "dispute_remark",
        _column("dispute_id", BIG),
        _column("by_staff", YES_NO),
        _column("actor", TEXT),
        _column("text", TEXT),
        _column("at", TIME),
        *_keys(),
        _key("dispute_remark"),
        _refers("dispute_remark", "dispute_id", "dispute"),
    )
    op.create_index(
        "ix_dispute_remark_dispute", "dispute_remark", ["tenant_id", "dispute_id", "id"]
    )


    op.create_table(
        "staff_claim",
        _column("order_id", BIG),
        _column("partner_id", BIG, null=True),
        _column("actor", TEXT),
        _column("at", TIME),
        *_keys(),
        _key("staff_claim"),
        _refers("staff_claim", "order_id", "orders"),
        _refers("staff_claim", "partner_id", "partner"),
    )
    op.create_index("ix_staff_claim_order", "staff_claim", ["tenant_id", "order_id", "id"])


def downgrade() -> None:
    for table in (
        "staff_claim",
        "dispute_remark",
        "dispute",
        "block",
        "fraud_mark",
        "fraud_decision",
        "fraud_device",
        "fraud_file",
    ):
        op.drop_table(table)
    op.drop_index("ix_orders_number", "orders")
    for name in ("links_off", "pays_blocked"):
        op.drop_column("partner", name)
