"""Rules of bonuses: drafts, published versions, what they saw and what they did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import protect

revision = "0030"
down_revision = "0029"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)
BIG = sa.BigInteger()
APPEND_ONLY = ("rule_version", "effect_application")


def _keys() -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        sa.Column("tenant_id", BIG, server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
    )


def _needed(name: str, kind: sa.types.TypeEngine[object]) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=False)


def _table(name: str, *parts: sa.schema.SchemaItem) -> None:
    key = sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{name}"))
    op.create_table(name, *parts, *_keys(), key)


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{to}.tenant_id", f"{to}.id"],
        name=op.f(f"fk_{table}_tenant_id_{column}"),
    )


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    name = "_".join(("uq", table, "tenant_id", *columns))
    return sa.UniqueConstraint("tenant_id", *columns, name=op.f(name))


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _table(
        "profile_rule",
        _needed("public_id", sa.Text()),
        _needed("profile", sa.Text()),
        _needed("name", sa.Text()),
        _needed("state", sa.Text()),
        _needed("draft", JSONB()),
        sa.Column("version_id", BIG, nullable=True),
        sa.Column("preset", sa.Text(), nullable=True),
        _needed("created_at", TIME),
        _needed("changed_at", TIME),
        sa.CheckConstraint(
            "state in ('draft','published','paused','archived')", name=op.f("ck_profile_rule_state")
        ),
        _unique("profile_rule", "public_id"),
    )
    op.create_index("ix_profile_rule_profile", "profile_rule", ["tenant_id", "profile", "id"])
    _table(
        "rule_version",
        _needed("rule_id", BIG),
        _needed("number", BIG),
        _needed("body", JSONB()),
        _needed("hash", sa.Text()),
        _needed("valid_from", TIME),
        _needed("published_at", TIME),
        _needed("actor", sa.Text()),
        _unique("rule_version", "rule_id", "number"),
        _refers("rule_version", "rule_id", "profile_rule"),
    )
    _evaluations()
    _applications()
    for table in ("profile_rule", "rule_version", "rule_evaluation", "effect_application"):
        protect(table, append_only=table in APPEND_ONLY)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _evaluations() -> None:
    name = "rule_evaluation"
    _table(
        name,
        _needed("rule_id", BIG),
        _needed("version_id", BIG),
        _needed("event_key", sa.Text()),
        sa.Column("member_id", BIG, nullable=True),
        sa.Column("order_id", BIG, nullable=True),
        _needed("matched", sa.Boolean()),
        _needed("trace", JSONB()),
        _needed("effects", JSONB()),
        _needed("at", TIME),
        _unique(name, "event_key", "rule_id"),
        _refers(name, "rule_id", "profile_rule"),
        _refers(name, "version_id", "rule_version"),
        _refers(name, "member_id", "member"),
        _refers(name, "order_id", "orders"),
    )
    op.create_index("ix_rule_evaluation_order", name, ["tenant_id", "order_id"])
    op.create_index("ix_rule_evaluation_at", name, ["tenant_id", "at"])


def _applications() -> None:
    name = "effect_application"
    _table(
        name,
        _needed("event_key", sa.Text()),
        _needed("rule_id", BIG),
        _needed("version_id", BIG),
        _needed("effect", BIG),
        _needed("do", sa.Text()),
        _needed("recipient", sa.Text()),
        sa.Column("level", BIG, server_default=sa.text("0"), nullable=False),
        _needed("amount", BIG),
        _needed("at", TIME),
        _unique(name, "event_key", "rule_id", "effect", "recipient", "level"),
        _refers(name, "rule_id", "profile_rule"),
        _refers(name, "version_id", "rule_version"),
    )
    op.create_index(
        "ix_effect_application_rule", name, ["tenant_id", "rule_id", "recipient", "at"]
    )


def downgrade() -> None:
    for table in ("effect_application", "rule_evaluation", "rule_version", "profile_rule"):
        op.drop_table(table)
