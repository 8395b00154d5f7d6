"""The books sealed in a chain, last night's check, questions to those who can help, warnings of debts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import list_rows, protect

revision = "0025"
down_revision = "0026"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)
SEALED = ("proof_block", "proof_group", "proof_leaf")
FUNCTIONS = (
    # What every hash is made of: its parts, a line each.
    """
    CREATE FUNCTION proof_hash(VARIADIC parts text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
      SELECT encode(sha256(convert_to(array_to_string(parts, E'\\n'), 'UTF8')), 'hex')
    $$
    """,
    # One transfer in the form that is hashed: a JSON array, its fields in this order for good.
    """
    CREATE FUNCTION proof_text(t transfer, reason text) RETURNS text LANGUAGE sql STABLE AS $$
      SELECT json_build_array(
        t.reference, t.n, to_char(t.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        t.kind, t.source, t.target, t.amount, t.currency,
        t.partner_id, t.order_id, t.line, t.level, t.event_id, reason)::text
    $$
    """,
    # A tree over hashes: neighbours two by two, who has no neighbour goes up as it is.
    """
    CREATE FUNCTION proof_root(leaves text[]) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
    DECLARE
      layer text[] := leaves;
      above text[];
    BEGIN
      WHILE cardinality(layer) > 1 LOOP
        above := '{}';
        FOR i IN 1 .. cardinality(layer) BY 2 LOOP
          IF i = cardinality(layer) THEN
            above := above || layer[i];
          ELSE
            above := above || proof_hash('node', layer[i], layer[i + 1]);
          END IF;
        END LOOP;
        layer := above;
      END LOOP;
      RETURN layer[1];
    END $$
    """,
    """
    CREATE FUNCTION refuse_unsealing() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'what is sealed never changes';
    END $$
    """,
)


def _tenant() -> sa.Column[int]:
    return sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False)


def _keys() -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        _tenant(),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
    )


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("tenant_id", *(columns or ("id",)), name=op.f(f"pk_{table}"))


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{to}.tenant_id", f"{to}.id"],
        name=op.f(f"fk_{table}_tenant_id_{column}"),
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for function in FUNCTIONS:
        op.execute(function)
    # Rows come in the order of their transactions, so a few pages' bounds find the newest ones.
    op.execute("CREATE INDEX ix_transfer_xid ON transfer USING brin (xid) WITH (autosummarize = on)")
    _chain()
    _checkup()
    _help()
    _debt_notice()
    for table in SEALED:
        protect(table, append_only=True)
        list_rows(table)
        op.execute(
            f"CREATE TRIGGER sealed BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_unsealing()"
        )
    protect("checkup", append_only=True)
    list_rows("checkup")
    protect("proof_mark")
    list_rows("proof_mark")
    for table in ("help_request", "help_line", "debt_notice"):
        protect(table)


def _chain() -> None:
    op.create_table(
        "proof_block",
        _tenant(),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("sealed_at", TIME, nullable=False),
        _key("proof_block", "number"),
        sa.CheckConstraint("number > 0", name=op.f("ck_proof_block_counted")),
    )
    op.create_table(
        "proof_group",
        _tenant(),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        _key("proof_group", "block", "partner_id"),
    )
    op.create_table(
        "proof_leaf",
        _tenant(),
        sa.Column("transfer_id", sa.BigInteger(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("salt", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("hash", sa.Text(), nullable=False),
        _key("proof_leaf", "transfer_id"),
    )
    op.create_index(
        "ix_proof_leaf_block", "proof_leaf", ["tenant_id", "block", "partner_id", "transfer_id"]
    )
    op.create_table(
        "proof_mark",
        _tenant(),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_proof_mark")),
    )


def _checkup() -> None:
    op.create_table(
        "checkup",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("transfers", sa.BigInteger(), nullable=False),
        sa.Column("invariants", sa.BigInteger(), nullable=False),
        sa.Column("broken", JSONB(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=True),
        sa.Column("head", sa.Text(), nullable=True),
        *_keys(),
        _key("checkup"),
        sa.UniqueConstraint("tenant_id", "day", name=op.f("uq_checkup_tenant_id_day")),
    )


def _help() -> None:
    op.create_table(
        "help_request",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("asker_tenant", sa.BigInteger(), nullable=True),
        sa.Column("partner_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("merchant", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("moved_at", TIME, nullable=False),
        sa.Column("unread", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        *_keys(),
        sa.CheckConstraint("kind in ('support','setup','idea')", name=op.f("ck_help_request_kind")),
        sa.CheckConstraint(
            "state in ('open','answered','closed')", name=op.f("ck_help_request_state")
        ),
        sa.CheckConstraint(
            "(asker_tenant is null) <> (partner_id is null)", name=op.f("ck_help_request_asker")
        ),
        _key("help_request"),
        sa.UniqueConstraint(
            "tenant_id", "public_id", name=op.f("uq_help_request_tenant_id_public_id")
        ),
        _refers("help_request", "partner_id", "partner"),
    )
    op.create_index("ix_help_request_state", "help_request", ["tenant_id", "state", "id"])
    op.create_index("ix_help_request_partner", "help_request", ["tenant_id", "partner_id", "id"])
    op.create_index("ix_help_request_asker", "help_request", ["tenant_id", "asker_tenant", "id"])
    op.create_table(
        "help_line",
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("by_helper", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        *_keys(),
        _key("help_line"),
        _refers("help_line", "request_id", "help_request"),
    )
    op.create_index("ix_help_line_request", "help_line", ["tenant_id", "request_id", "id"])


def _debt_notice() -> None:
    op.create_table(
        "debt_notice",
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("available_at", TIME, nullable=False),
        sa.Column("at", TIME, nullable=False),
        *_keys(),
        _key("debt_notice"),
        sa.UniqueConstraint(
            "tenant_id",
            "partner_id",
            "order_id",
            "available_at",
            name=op.f("uq_debt_notice_tenant_id_partner_id_order_id_available_at"),
        ),
        _refers("debt_notice", "partner_id", "partner"),
        _refers("debt_notice", "order_id", "orders"),
    )


def downgrade() -> None:
    for table in (
        *("debt_notice", "help_line", "help_request", "checkup"),
        *("proof_mark", "proof_leaf", "proof_group", "proof_block"),
    ):
        op.drop_table(table)
    op.drop_index("ix_transfer_xid", "transfer")
    for function in (
        "refuse_unsealing()",
        "proof_root(text[])",
        "proof_text(transfer, text)",
        "proof_hash(VARIADIC text[])",
    ):
        op.execute(f"DROP FUNCTION {function}")
