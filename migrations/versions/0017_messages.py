"""SMS gateways, Telegram, invitations, pages of partners without an account, mailings, monthly digests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.tenancy_ddl import find_work, protect

revision = "0017"
down_revision = "0016"

TENANT = sa.text("nullif(current_setting('app.tenant', true), '')::bigint")
NEW = (
    "sms_gateway",
    "sms_count",
    "telegram_bot",
    "telegram_code",
    "telegram_chat",
    "invitation_batch",
    "invitation",
    "partner_page",
    "mailing",
    "digest_cursor",
)
OPEN = sa.text("state in ('queued','sent','opened')")


def _tenant() -> sa.Column:
    return sa.Column("tenant_id", sa.BigInteger(), server_default=TENANT, nullable=False)


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _number(name: str, default: str | None = None, *, null: bool = False) -> sa.Column:
    given = None if default is None else sa.text(default)
    return sa.Column(name, sa.BigInteger(), server_default=given, nullable=null)


def _words(name: str, *, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=null)


def _moment(name: str, *, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def _json(name: str, default: str) -> sa.Column:
    return sa.Column(name, JSONB(), server_default=sa.text(f"'{default}'"), nullable=False)


def _switch(name: str, default: str) -> sa.Column:
    return sa.Column(name, sa.Boolean(), server_default=sa.text(default), nullable=False)


def _key(table: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("tenant_id", "id", name=f"pk_{table}")


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{to}.tenant_id", f"{to}.id"],
        name=f"fk_{table}_tenant_id_{column}",
    )


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint("tenant_id", *columns, name=f"uq_{table}_tenant_id_{'_'.join(columns)}")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_message_channel"), "message", type_="check")
    op.create_check_constraint(
        op.f("ck_message_channel"), "message", "channel in ('email','sms','telegram','inbox')"
    )
    op.add_column("partner", _json("texted", "[]"))
    _sms()
    _telegram()
    _invitations()
    op.create_table(
        "mailing",
        _words("public_id"),
        _words("state"),
        _json("texts", "{}"),
        _json("segment", "{}"),
        _switch("is_html", "false"),
        _number("pace"),
        _number("event_id", null=True),
        _number("place", "0"),
        _number("total", "0"),
        _number("written", "0"),
        _moment("next_at", null=True),
        _moment("scheduled_at", null=True),
        _moment("started_at", null=True),
        _moment("ended_at", null=True),
        _moment("created_at"),
        _moment("changed_at"),
        _words("created_by"),
        _tenant(),
        _id(),
        _key("mailing"),
        _unique("mailing", "public_id"),
        _refers("mailing", "event_id", "event"),
        sa.CheckConstraint(
            "state in ('draft','scheduled','sending','paused','stopped','done')",
            name=op.f("ck_mailing_state"),
        ),
        sa.CheckConstraint("pace > 0", name=op.f("ck_mailing_pace")),
    )
    op.create_index(
        "ix_mailing_open",
        "mailing",
        ["next_at"],
        postgresql_where=sa.text("state in ('scheduled','sending')"),
    )
    op.create_index("ix_mailing_created", "mailing", ["tenant_id", "created_at", "id"])
    op.create_table(
        "digest_cursor",
        _tenant(),
        sa.Column("month", sa.Date(), nullable=True),
        _number("place", "0"),
        _moment("ended_at", null=True),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_digest_cursor"),
    )
    for table in NEW:
        protect(table)
    for table in ("telegram_bot", "invitation_batch", "mailing"):
        find_work(table, "SELECT")


def _sms() -> None:
    op.create_table(
        "sms_gateway",
        _words("kind"),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        _number("price", "0"),
        _number("most_a_day", "500"),
        _number("most_money_a_day", null=True),
        _number("most_a_number", "10"),
        _json("countries", "[]"),
        _switch("is_on", "true"),
        sa.Column("told_on", sa.Date(), nullable=True),
        _moment("changed_at"),
        _words("changed_by"),
        _tenant(),
        _id(),
        _key("sms_gateway"),
        sa.UniqueConstraint("tenant_id", name="uq_sms_gateway_tenant_id"),
        sa.CheckConstraint("kind in ('http','apprise')", name=op.f("ck_sms_gateway_kind")),
        sa.CheckConstraint(
            "price >= 0 and most_a_day >= 0 and most_a_number >= 0 and most_money_a_day >= 0",
            name=op.f("ck_sms_gateway_caps"),
        ),
    )
    op.create_table(
        "sms_count",
        _tenant(),
        sa.Column("day", sa.Date(), nullable=False),
        _words("scope"),
        _number("sent", "0"),
        _number("cost", "0"),
        sa.PrimaryKeyConstraint("tenant_id", "day", "scope", name="pk_sms_count"),
    )


def _telegram() -> None:
    op.create_table(
        "telegram_bot",
        sa.Column("token", sa.LargeBinary(), nullable=False),
        _words("username"),
        _words("mode"),
        _number("position", "0"),
        _words("problem", null=True),
        _moment("created_at"),
        _tenant(),
        _id(),
        _key("telegram_bot"),
        sa.UniqueConstraint("tenant_id", name="uq_telegram_bot_tenant_id"),
        sa.CheckConstraint("mode in ('webhook','poll')", name=op.f("ck_telegram_bot_mode")),
    )
    op.create_table(
        "telegram_code",
        _words("recipient"),
        _words("code_hash"),
        _moment("expires_at"),
        _moment("used_at", null=True),
        _tenant(),
        _id(),
        _key("telegram_code"),
        _unique("telegram_code", "code_hash"),
    )
    op.create_index("ix_telegram_code_recipient", "telegram_code", ["tenant_id", "recipient"])
    op.create_table(
        "telegram_chat",
        _words("recipient"),
        _number("chat_id"),
        _words("name"),
        _moment("linked_at"),
        _tenant(),
        _id(),
        _key("telegram_chat"),
        _unique("telegram_chat", "recipient"),
    )
    op.create_index("ix_telegram_chat_chat", "telegram_chat", ["tenant_id", "chat_id"])


def _invitations() -> None:
    op.create_table(
        "invitation_batch",
        _words("public_id"),
        _json("texts", "{}"),
        _number("pace"),
        _json("report", "[]"),
        _moment("next_at", null=True),
        _switch("is_paused", "false"),
        _moment("created_at"),
        _words("created_by"),
        _tenant(),
        _id(),
        _key("invitation_batch"),
        _unique("invitation_batch", "public_id"),
        sa.CheckConstraint("pace > 0", name=op.f("ck_invitation_batch_pace")),
    )
    op.create_index(
        "ix_invitation_batch_next",
        "invitation_batch",
        ["next_at"],
        postgresql_where=sa.text("next_at is not null"),
    )
    op.create_table(
        "invitation",
        _words("public_id"),
        _number("batch_id"),
        _words("email"),
        _words("name"),
        _words("locale"),
        _number("group_id", null=True),
        _number("terms_id", null=True),
        _number("sponsor_id", null=True),
        _words("code", null=True),
        _words("code_key", null=True),
        _number("partner_id", null=True),
        _words("state"),
        _words("token_hash"),
        _number("times", "0"),
        _moment("sent_at", null=True),
        _moment("opened_at", null=True),
        _moment("ended_at", null=True),
        _moment("created_at"),
        _tenant(),
        _id(),
        _key("invitation"),
        _unique("invitation", "public_id"),
        _unique("invitation", "token_hash"),
        _refers("invitation", "batch_id", "invitation_batch"),
        _refers("invitation", "group_id", "partner_group"),
        _refers("invitation", "terms_id", "terms"),
        _refers("invitation", "sponsor_id", "partner"),
        _refers("invitation", "partner_id", "partner"),
        sa.CheckConstraint(
            "state in ('queued','sent','opened','joined','withdrawn')", name=op.f("ck_invitation_state")
        ),
    )
    op.create_index(
        "uq_invitation_email", "invitation", ["tenant_id", "email"], unique=True, postgresql_where=OPEN
    )
    op.create_index(
        "uq_invitation_code", "invitation", ["tenant_id", "code_key"], unique=True, postgresql_where=OPEN
    )
    op.create_index("ix_invitation_batch", "invitation", ["tenant_id", "batch_id", "state", "id"])
    op.create_index("ix_invitation_created", "invitation", ["tenant_id", "created_at", "id"])
    op.create_index("ix_invitation_partner", "invitation", ["tenant_id", "partner_id"])
    op.create_table(
        "partner_page",
        _words("public_id"),
        _number("partner_id"),
        _words("token_hash"),
        _moment("created_at"),
        _words("created_by"),
        _moment("revoked_at", null=True),
        _moment("seen_at", null=True),
        _tenant(),
        _id(),
        _key("partner_page"),
        _unique("partner_page", "token_hash"),
        _refers("partner_page", "partner_id", "partner"),
    )
    op.create_index(
        "uq_partner_page_open",
        "partner_page",
        ["tenant_id", "partner_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at is null"),
    )


def downgrade() -> None:
    for table in ("partner_page", "invitation", *(t for t in reversed(NEW) if t not in {"partner_page", "invitation"})):
        op.drop_table(table)
    op.drop_column("partner", "texted")
    op.execute("UPDATE message SET channel = 'inbox', state = 'dead' WHERE channel = 'telegram'")
    op.drop_constraint(op.f("ck_message_channel"), "message", type_="check")
    op.create_check_constraint(op.f("ck_message_channel"), "message", "channel in ('email','sms','inbox')")
