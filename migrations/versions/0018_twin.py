"""Sign-ups, installation codes, a shop's former addresses, letters of test mode, test sales."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import protect

revision = "0018"
down_revision = "0015"

TENANT = "nullif(current_setting('app.tenant', true), '')::bigint"
TIME = sa.DateTime(timezone=True)
KINDS = "'slug','domain','api_key','short','connection'"


def _keys() -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        sa.Column(
            "tenant_id", sa.BigInteger(), server_default=sa.text(TENANT), nullable=False
        ),
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


def _directory(kinds: str) -> None:
    op.drop_constraint(op.f("ck_directory_kind"), "directory", type_="check")
    op.create_check_constraint(op.f("ck_directory_kind"), "directory", f"kind in ({kinds})")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _directory(f"{KINDS},'past_domain','install'")
    op.add_column("orders", sa.Column("hidden_at", TIME, nullable=True))
    _sign_up()
    _install_code()
    _shop_domain()
    _captured_letter()
    _test_sale()
    for table in ("sign_up", "install_code", "shop_domain", "captured_letter", "test_sale"):
        protect(table)


def _sign_up() -> None:
    op.create_table(
        "sign_up",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("facts", JSONB(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'asked'"), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("confirmed_at", TIME, nullable=True),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        *_keys(),
        sa.CheckConstraint(
            "state in ('asked','confirmed','opened','refused')", name=op.f("ck_sign_up_state")
        ),
        _key("sign_up"),
        sa.UniqueConstraint("tenant_id", "public_id", name=op.f("uq_sign_up_tenant_id_public_id")),
    )
    op.create_index("ix_sign_up_state", "sign_up", ["tenant_id", "state", "id"])


def _install_code() -> None:
    op.create_table(
        "install_code",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        sa.Column("used_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", TIME, nullable=True),
        *_keys(),
        _key("install_code"),
        _refers("install_code", "shop_id", "shop"),
    )


def _shop_domain() -> None:
    op.create_table(
        "shop_domain",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), server_default=sa.text("'/'"), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("until", TIME, nullable=False),
        *_keys(),
        _key("shop_domain"),
        _refers("shop_domain", "shop_id", "shop"),
    )
    op.create_index("ix_shop_domain_domain", "shop_domain", ["tenant_id", "domain", "until"])


def _captured_letter() -> None:
    op.create_table(
        "captured_letter",
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        *_keys(),
        _key("captured_letter"),
        sa.UniqueConstraint(
            "tenant_id", "message_id", name=op.f("uq_captured_letter_tenant_id_message_id")
        ),
        _refers("captured_letter", "message_id", "message"),
    )


def _test_sale() -> None:
    op.create_table(
        "test_sale",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("payout_id", sa.BigInteger(), nullable=True),
        sa.Column("click", sa.Text(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("matured_at", TIME, nullable=True),
        sa.Column("moved", sa.Interval(), server_default=sa.text("'0'"), nullable=False),
        sa.Column("earned", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("undone_at", TIME, nullable=True),
        *_keys(),
        _key("test_sale"),
        sa.UniqueConstraint(
            "tenant_id", "public_id", name=op.f("uq_test_sale_tenant_id_public_id")
        ),
        _refers("test_sale", "shop_id", "shop"),
        _refers("test_sale", "partner_id", "partner"),
        _refers("test_sale", "order_id", "orders"),
        _refers("test_sale", "payout_id", "payout"),
    )
    op.create_index(
        "uq_test_sale_open",
        "test_sale",
        ["tenant_id"],
        unique=True,
        postgresql_where=sa.text("undone_at is null"),
    )


def downgrade() -> None:
    for table in ("test_sale", "captured_letter", "shop_domain", "install_code", "sign_up"):
        op.drop_table(table)
    op.drop_column("orders", "hidden_at")
    op.execute("DELETE FROM directory WHERE kind in ('past_domain','install')")
    _directory(KINDS)
