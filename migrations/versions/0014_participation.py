"""Who joins: the merchant's own form, links, consents with versions, applications to confirm, customers made partners."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import find_work, protect

revision = "0014"
down_revision = "0013"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)
KINDS = "kind in ('terms','offer','personal','marketing')"
OF_TERMS = "(kind = 'terms') = (terms_id is not null)"
TABLES = (
    "conversion_rule",
    "conversion",
    "admission",
    "join_request",
    "consent",
    "consent_text",
    "join_link",
    "join_field",
    "join_picture",
    "join_page",
)
APPEND_ONLY = {"consent", "consent_text"}
# Who registered accepted the terms that stood there: his own, else the base.
FILL = """
INSERT INTO consent (tenant_id, partner_id, kind, terms_id, version, given, actor, at)
SELECT p.tenant_id, p.id, 'terms', coalesce(p.terms_id, t.id), p.accepted_terms_version, true,
       'system', p.accepted_terms_at
FROM partner p JOIN terms t ON t.tenant_id = p.tenant_id AND t.is_base
WHERE p.accepted_terms_version IS NOT NULL AND p.accepted_terms_at IS NOT NULL
"""
FIRST = """
INSERT INTO fact (tenant_id, owner, name, value, valid_from)
SELECT tenant_id, owner, 'customer_group', 'null'::jsonb, min(valid_from) FROM fact
WHERE owner = 'merchant' GROUP BY tenant_id, owner
ON CONFLICT DO NOTHING
"""


def _column(name: str, kind: object, *, null: bool = False, default: str | None = None) -> sa.Column:
    return sa.Column(
        name, kind, nullable=null, server_default=None if default is None else sa.text(default)
    )


def _number(name: str, *, null: bool = False, default: str | None = None) -> sa.Column:
    return _column(name, sa.BigInteger(), null=null, default=default)


def _text(name: str, *, null: bool = False, default: str | None = None) -> sa.Column:
    return _column(name, sa.Text(), null=null, default=default)


def _json(name: str, default: str | None = None) -> sa.Column:
    return _column(name, JSONB(), default=default)


def _flag(name: str, default: str | None = None) -> sa.Column:
    return _column(name, sa.Boolean(), default=default)


def _time(name: str, *, null: bool = False) -> sa.Column:
    return _column(name, TIME, null=null)


def _check(table: str, name: str, words: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(words, name=op.f(f"ck_{table}_{name}"))


def _unique(table: str, *columns: str, **more: object) -> sa.UniqueConstraint:
    name = "_".join((f"uq_{table}_tenant_id", *columns))
    return sa.UniqueConstraint("tenant_id", *columns, name=op.f(name), **more)


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{to}.tenant_id", f"{to}.id"],
        name=op.f(f"fk_{table}_tenant_id_{column}"),
    )


def _table(name: str, *parts: object) -> None:
    op.create_table(
        name,
        *parts,
        sa.Column("tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{name}")),
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("partner", sa.Column("customer_group", sa.Text(), nullable=True))
    _page()
    _consents()
    _entering()
    _conversions()
    for table in TABLES:
        protect(table, append_only=table in APPEND_ONLY)
    find_work("conversion_rule", "SELECT")
    op.execute(FILL)
    op.execute(FIRST)


def _page() -> None:
    _table(
        "join_page",
        _json("texts", "'{}'"),
        _text("picture", null=True),
        _text("phone", default="'optional'"),
        _text("site", default="'optional'"),
        _number("group_id", null=True),
        _number("min_orders", default="0"),
        _json("groups_allowed", "'[]'"),
        _json("groups_forbidden", "'[]'"),
        _time("changed_at"),
        _check("join_page", "phone", "phone in ('off','optional','required')"),
        _check("join_page", "site", "site in ('off','optional','required')"),
        _check("join_page", "min_orders", "min_orders between 0 and 10000"),
        _unique("join_page"),
        _refers("join_page", "group_id", "partner_group"),
    )
    _table(
        "join_picture",
        _text("key"),
        _column("body", sa.LargeBinary()),
        _number("width"),
        _number("height"),
        _time("created_at"),
        _unique("join_picture", "key"),
    )
    _table(
        "join_field",
        _text("key"),
        _text("kind"),
        _number("position"),
        _json("label"),
        _json("help", "'{}'"),
        _json("options", "'[]'"),
        _flag("required", "false"),
        _time("created_at"),
        _time("retired_at", null=True),
        _unique("join_field", "key"),
        _check(
            "join_field",
            "kind",
            "kind in ('text','long','number','choice','several','yes','phone','site','date')",
        ),
    )
    _table(
        "join_link",
        _text("code"),
        _text("name"),
        _number("group_id", null=True),
        _number("terms_id", null=True),
        _time("created_at"),
        _time("closed_at", null=True),
        _unique("join_link", "code"),
        _refers("join_link", "group_id", "partner_group"),
        _refers("join_link", "terms_id", "terms"),
    )


def _consents() -> None:
    _table(
        "consent_text",
        _text("kind"),
        _number("terms_id", null=True),
        _number("version"),
        _json("texts"),
        _flag("again"),
        _text("actor"),
        _time("created_at"),
        _check("consent_text", "kind", KINDS),
        _check("consent_text", "terms", OF_TERMS),
        _unique(
            "consent_text", "kind", "terms_id", "version", postgresql_nulls_not_distinct=True
        ),
        _refers("consent_text", "terms_id", "terms"),
    )
    _table(
        "consent",
        _number("partner_id"),
        _text("kind"),
        _number("terms_id", null=True),
        _number("version"),
        _flag("given"),
        _text("ip", null=True),
        _text("actor"),
        _time("at"),
        _check("consent", "kind", KINDS),
        _check("consent", "terms", OF_TERMS),
        _refers("consent", "partner_id", "partner"),
        _refers("consent", "terms_id", "terms"),
    )
    op.create_index("ix_consent_partner", "consent", ["tenant_id", "partner_id", "id"])


def _entering() -> None:
    _table(
        "join_request",
        _text("public_id"),
        _text("state"),
        _text("name"),
        _text("email"),
        _json("said"),
        _text("locale"),
        _json("why", "'[]'"),
        _number("partner_id", null=True),
        _time("created_at"),
        _time("decided_at", null=True),
        _unique("join_request", "public_id"),
        _check("join_request", "state", "state in ('sent','entered','refused')"),
        _refers("join_request", "partner_id", "partner"),
    )
    op.create_index(
        "ix_join_request_state", "join_request", ["tenant_id", "state", "created_at", "id"]
    )
    _table(
        "admission",
        _number("partner_id"),
        _text("source"),
        _number("link_id", null=True),
        _time("overruled_at", null=True),
        _text("overruled_by", null=True),
        _text("word", default="''"),
        _text("decided_in", null=True),
        _time("at"),
        _unique("admission", "partner_id"),
        _check("admission", "source", "source in ('form','staff','converted')"),
        _refers("admission", "partner_id", "partner"),
        _refers("admission", "link_id", "join_link"),
    )
    op.create_index("ix_admission_link", "admission", ["tenant_id", "link_id"])
    op.create_index("ix_admission_decided", "admission", ["tenant_id", "decided_in"])


def _conversions() -> None:
    _table(
        "conversion",
        _number("run_id", null=True),
        _number("member_id"),
        _number("partner_id"),
        _time("at"),
        _time("undone_at", null=True),
        _unique("conversion", "partner_id"),
        _refers("conversion", "run_id", "run"),
        _refers("conversion", "member_id", "member"),
        _refers("conversion", "partner_id", "partner"),
    )
    op.create_index(
        "uq_conversion_member",
        "conversion",
        ["tenant_id", "member_id"],
        unique=True,
        postgresql_where=sa.text("undone_at is null"),
    )
    op.create_index("ix_conversion_run", "conversion", ["tenant_id", "run_id", "id"])
    _table(
        "conversion_rule",
        _json("parameters"),
        _flag("is_on"),
        _text("actor"),
        _time("changed_at"),
        _unique("conversion_rule"),
    )
    op.create_index(
        "ix_conversion_rule_on", "conversion_rule", ["tenant_id"], postgresql_where=sa.text("is_on")
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.drop_column("partner", "customer_group")
