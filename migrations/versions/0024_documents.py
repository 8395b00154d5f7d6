"""Closed months; papers and what is withheld; documents and their numbers; advertising tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import list_rows, protect

revision = "0024"
down_revision = "0023"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)

# What is dated as it happens needs no look-up: a month is closed an hour after its end at the earliest,
# so nothing within a quarter of an hour from now lies in a closed one. See docs/adr/closed-months.md.
ASKED = "NEW.at < now() - interval '15 minutes' OR NEW.at > now() + interval '15 minutes'"
REFUSE_CLOSED = """
CREATE FUNCTION refuse_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM tenant t WHERE t.id = NEW.tenant_id AND NEW.at < t.closed_until) THEN
        RAISE EXCEPTION 'a closed month takes no transfer'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'closed_month';
    END IF;
    RETURN NEW;
END $$
"""
# An issued document stays as it was issued; it is signed or voided once, and never deleted.
KEEP_DOCUMENT = """
CREATE FUNCTION keep_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.voided_at IS NOT NULL
       OR to_jsonb(NEW) - ARRAY['signed_at', 'signed_by', 'voided_at', 'voided_by', 'void_reason']
          IS DISTINCT FROM
          to_jsonb(OLD) - ARRAY['signed_at', 'signed_by', 'voided_at', 'voided_by', 'void_reason']
    THEN
        RAISE EXCEPTION 'an issued document does not change' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""


def _keys() -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
    )


def _key(table: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{table}"))


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{to}.tenant_id", f"{to}.id"],
        name=op.f(f"fk_{table}_tenant_id_{column}"),
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _closed_months()
    _papers()
    _documents()
    for table in ("creative", "link"):
        op.add_column(table, _text("erid", nullable=True))


def _closed_months() -> None:
    op.add_column("tenant", sa.Column("closed_until", TIME, nullable=True))
    op.execute(REFUSE_CLOSED)
    op.execute(
        "CREATE TRIGGER closed_month BEFORE INSERT ON transfer"
        f" FOR EACH ROW WHEN ({ASKED}) EXECUTE FUNCTION refuse_closed()"
    )
    op.create_table(
        "closing",
        _text("act"),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        _text("actor"),
        _text("reason", nullable=True),
        *_keys(),
        sa.CheckConstraint("act in ('closed','reopened')", name=op.f("ck_closing_act")),
        sa.CheckConstraint(
            "act = 'closed' or reason is not null", name=op.f("ck_closing_reason")
        ),
        _key("closing"),
    )
    protect("closing", append_only=True)


def _papers() -> None:
    op.add_column("partner", _text("tax_status", nullable=True))
    op.create_table(
        "paper",
        _text("public_id"),
        _text("kind"),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("payout_id", sa.BigInteger(), nullable=True),
        sa.Column("period_from", sa.Date(), nullable=True),
        sa.Column("period_to", sa.Date(), nullable=True),
        sa.Column("number", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("link", sa.Text(), server_default=sa.text("''"), nullable=False),
        _text("digest", nullable=True),
        _text("media_type", nullable=True),
        _text("filename", nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("added_at", TIME, nullable=False),
        _text("added_by"),
        sa.Column("withdrawn_at", TIME, nullable=True),
        _text("withdrawn_by", nullable=True),
        *_keys(),
        sa.CheckConstraint("kind in ('contract','act','receipt')", name=op.f("ck_paper_kind")),
        sa.CheckConstraint(
            "(kind = 'receipt') = (payout_id is not null)", name=op.f("ck_paper_receipt")
        ),
        sa.CheckConstraint(
            "(kind = 'act') = (period_from is not null and period_to is not null)",
            name=op.f("ck_paper_act"),
        ),
        _key("paper"),
        sa.UniqueConstraint("tenant_id", "public_id", name=op.f("uq_paper_tenant_id_public_id")),
        _refers("paper", "partner_id", "partner"),
        _refers("paper", "payout_id", "payout"),
    )
    op.create_index("ix_paper_partner", "paper", ["tenant_id", "partner_id", "kind"])
    op.create_index("ix_paper_payout", "paper", ["tenant_id", "payout_id"])
    op.create_table(
        "paper_reminder",
        sa.Column("payout_id", sa.BigInteger(), nullable=False),
        sa.Column("days", sa.BigInteger(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        *_keys(),
        _key("paper_reminder"),
        sa.UniqueConstraint(
            "tenant_id",
            "payout_id",
            "days",
            name=op.f("uq_paper_reminder_tenant_id_payout_id_days"),
        ),
        _refers("paper_reminder", "payout_id", "payout"),
    )
    for table in ("paper", "paper_reminder"):
        protect(table)


def _documents() -> None:
    op.create_table(
        "document",
        _text("public_id"),
        _text("kind"),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_to", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        _text("currency"),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("replaces_id", sa.BigInteger(), nullable=True),
        sa.Column("issued_at", TIME, nullable=False),
        _text("issued_by"),
        sa.Column("signed_at", TIME, nullable=True),
        _text("signed_by", nullable=True),
        sa.Column("voided_at", TIME, nullable=True),
        _text("voided_by", nullable=True),
        _text("void_reason", nullable=True),
        *_keys(),
        sa.CheckConstraint(
            "kind in ('act','statement','reconciliation')", name=op.f("ck_document_kind")
        ),
        sa.CheckConstraint("period_to >= period_from", name=op.f("ck_document_period")),
        _key("document"),
        sa.UniqueConstraint("tenant_id", "public_id", name=op.f("uq_document_tenant_id_public_id")),
        sa.UniqueConstraint(
            "tenant_id", "kind", "year", "number", name=op.f("uq_document_tenant_id_kind_year_number")
        ),
        _refers("document", "partner_id", "partner"),
        _refers("document", "replaces_id", "document"),
    )
    op.create_index(
        "uq_document_standing",
        "document",
        ["tenant_id", "kind", "partner_id", "period_from", "period_to"],
        unique=True,
        postgresql_where=sa.text("voided_at is null"),
    )
    op.create_index("ix_document_period", "document", ["tenant_id", "period_from", "id"])
    op.create_table(
        "document_number",
        _text("kind"),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "year", name=op.f("pk_document_number")),
    )
    op.create_table(
        "document_text",
        _text("kind"),
        _text("locale"),
        sa.Column("words", JSONB(), nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "locale", name=op.f("pk_document_text")),
    )
    for table in ("document", "document_number", "document_text"):
        protect(table)
    list_rows("document")
    list_rows("paper")
    op.execute(KEEP_DOCUMENT)
    op.execute(
        "CREATE TRIGGER keep_document BEFORE UPDATE OR DELETE ON document"
        " FOR EACH ROW EXECUTE FUNCTION keep_document()"
    )


def downgrade() -> None:
    for table in ("creative", "link"):
        op.drop_column(table, "erid")
    for table in ("document_text", "document_number", "document", "paper_reminder", "paper"):
        op.drop_table(table)
    op.execute("DROP FUNCTION keep_document()")
    op.drop_column("partner", "tax_status")
    op.drop_table("closing")
    op.execute("DROP TRIGGER closed_month ON transfer")
    op.execute("DROP FUNCTION refuse_closed()")
    op.drop_column("tenant", "closed_until")
