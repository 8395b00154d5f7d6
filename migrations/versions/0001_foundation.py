"""The tables of the foundation."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "balance",
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("balance >= 0", name=op.f("ck_balance_not_below_zero")),
        sa.PrimaryKeyConstraint("tenant_id", "account", "currency", name=op.f("pk_balance")),
    )
    op.create_table(
        "click",
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("nonce", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("referrer", sa.Text(), nullable=True),
        sa.Column("page", sa.Text(), nullable=True),
        sa.Column(
            "params",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("flag", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "at", "nonce", name=op.f("pk_click")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("ix_click_link", "click", ["tenant_id", "link_id", "at"], unique=False)
    op.create_index("ix_click_partner", "click", ["tenant_id", "partner_id", "at"], unique=False)
    op.create_table(
        "directory",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "kind in ('slug','domain','api_key','short','connection')",
            name=op.f("ck_directory_kind"),
        ),
        sa.PrimaryKeyConstraint("kind", "key_hash", name=op.f("pk_directory")),
    )
    op.create_index("ix_directory_tenant", "directory", ["tenant_id"], unique=False)
    op.create_table(
        "event",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("drained_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "audience in ('internal','merchant','partner')", name=op.f("ck_event_audience")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_event")),
    )
    op.create_index("ix_event_subject", "event", ["tenant_id", "subject", "id"], unique=False)
    op.create_index(
        "ix_event_waiting",
        "event",
        ["tenant_id", "id"],
        unique=False,
        postgresql_where=sa.text("drained_at is null"),
    )
    op.create_index("uq_event_position", "event", ["tenant_id", "position"], unique=True)
    op.create_index("uq_event_public_id", "event", ["tenant_id", "public_id"], unique=True)
    op.create_table(
        "fact",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_fact")),
        sa.UniqueConstraint(
            "tenant_id",
            "owner",
            "name",
            "valid_from",
            name=op.f("uq_fact_tenant_id_owner_name_valid_from"),
        ),
    )
    op.create_table(
        "feed",
        sa.Column("tenant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_feed")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=True),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_idempotency_key")),
        sa.UniqueConstraint(
            "tenant_id", "key_hash", name=op.f("uq_idempotency_key_tenant_id_key_hash")
        ),
    )
    op.create_table(
        "partner_group",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_partner_group")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_partner_group_tenant_id_name")),
    )
    op.create_table(
        "payout_method",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("position", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_payout_method")),
        sa.UniqueConstraint("tenant_id", "code", name=op.f("uq_payout_method_tenant_id_code")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("is_operator", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("email", name=op.f("uq_person_email")),
    )
    op.create_table(
        "shop",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), server_default=sa.text("'/'"), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_shop")),
        sa.UniqueConstraint("tenant_id", "public_id", name=op.f("uq_shop_tenant_id_public_id")),
    )
    op.create_table(
        "snapshot",
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "account", "currency", name=op.f("pk_snapshot")),
    )
    op.create_table(
        "tenant",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column(
            "brand",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("twin_of", sa.BigInteger(), nullable=True),
        sa.Column("clock_offset", sa.Interval(), server_default=sa.text("'0'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["twin_of"], ["tenant.id"], name=op.f("fk_tenant_twin_of")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
        sa.UniqueConstraint("public_id", name=op.f("uq_tenant_public_id")),
        sa.UniqueConstraint("slug", name=op.f("uq_tenant_slug")),
    )
    op.create_table(
        "terms",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("is_base", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_terms")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_terms_tenant_id_name")),
        sa.UniqueConstraint("tenant_id", "public_id", name=op.f("uq_terms_tenant_id_public_id")),
    )
    op.create_index(
        "uq_terms_base", "terms", ["tenant_id"], unique=True, postgresql_where=sa.text("is_base")
    )
    op.create_table(
        "transfer",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("line", sa.Text(), nullable=True),
        sa.Column("level", sa.BigInteger(), nullable=True),
        sa.Column("partner_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "xid",
            sa.BigInteger(),
            server_default=sa.text("(pg_current_xact_id()::text)::bigint"),
            nullable=False,
        ),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfer_positive")),
        sa.CheckConstraint("source <> target", name=op.f("ck_transfer_moves")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_transfer")),
        sa.UniqueConstraint(
            "tenant_id", "reference", "n", name=op.f("uq_transfer_tenant_id_reference_n")
        ),
    )
    op.create_index("ix_transfer_order", "transfer", ["tenant_id", "order_id"], unique=False)
    op.create_index(
        "ix_transfer_partner", "transfer", ["tenant_id", "partner_id", "id"], unique=False
    )
    op.create_index("ix_transfer_source", "transfer", ["tenant_id", "source", "xid"], unique=False)
    op.create_index("ix_transfer_target", "transfer", ["tenant_id", "target", "xid"], unique=False)
    op.create_table(
        "api_key",
        sa.Column("shop_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "shop_id"],
            ["shop.tenant_id", "shop.id"],
            name=op.f("fk_api_key_tenant_id_shop_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_api_key")),
    )
    op.create_table(
        "category",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "parent_id"],
            ["category.tenant_id", "category.id"],
            name=op.f("fk_category_tenant_id_parent_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "shop_id"],
            ["shop.tenant_id", "shop.id"],
            name=op.f("fk_category_tenant_id_shop_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_category")),
        sa.UniqueConstraint(
            "tenant_id",
            "shop_id",
            "external_id",
            name=op.f("uq_category_tenant_id_shop_id_external_id"),
        ),
    )
    op.create_table(
        "connection",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "health",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "shop_id"],
            ["shop.tenant_id", "shop.id"],
            name=op.f("fk_connection_tenant_id_shop_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_connection")),
        sa.UniqueConstraint(
            "tenant_id", "public_id", name=op.f("uq_connection_tenant_id_public_id")
        ),
    )
    op.create_table(
        "member",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("group", sa.Text(), nullable=True),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "shop_id"],
            ["shop.tenant_id", "shop.id"],
            name=op.f("fk_member_tenant_id_shop_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_member")),
        sa.UniqueConstraint(
            "tenant_id", "shop_id", "key", name=op.f("uq_member_tenant_id_shop_id_key")
        ),
    )
    op.create_index("ix_member_email", "member", ["tenant_id", "shop_id", "email"], unique=False)
    op.create_table(
        "membership",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(role = 'partner') = (partner_id is not null)", name=op.f("ck_membership_partner")
        ),
        sa.CheckConstraint(
            "role in ('owner','manager','accountant','support','developer','partner')",
            name=op.f("ck_membership_role"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_membership_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
    )
    op.create_index("ix_membership_tenant", "membership", ["tenant_id"], unique=False)
    op.create_index(
        "uq_membership_partner",
        "membership",
        ["tenant_id", "partner_id"],
        unique=True,
        postgresql_where=sa.text("partner_id is not null"),
    )
    op.create_index(
        "uq_membership_staff",
        "membership",
        ["person_id", "tenant_id"],
        unique=True,
        postgresql_where=sa.text("partner_id is null"),
    )
    op.create_table(
        "message",
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column(
            "context",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("state", sa.Text(), server_default=sa.text("'due'"), nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("channel in ('email','sms','inbox')", name=op.f("ck_message_channel")),
        sa.CheckConstraint(
            "state in ('due','sending','sent','dead','unknown')", name=op.f("ck_message_state")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "event_id"],
            ["event.tenant_id", "event.id"],
            name=op.f("fk_message_tenant_id_event_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_message")),
        sa.UniqueConstraint(
            "tenant_id",
            "event_id",
            "recipient",
            "channel",
            name=op.f("uq_message_tenant_id_event_id_recipient_channel"),
        ),
    )
    op.create_index(
        "ix_message_created", "message", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_message_due",
        "message",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("state in ('due','sending')"),
    )
    op.create_table(
        "session",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("authenticated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_session_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_session_token_hash")),
    )
    op.create_index(op.f("ix_session_person_id"), "session", ["person_id"], unique=False)
    op.create_table(
        "status_map",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("words", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "shop_id"],
            ["shop.tenant_id", "shop.id"],
            name=op.f("fk_status_map_tenant_id_shop_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_status_map")),
        sa.UniqueConstraint(
            "tenant_id", "shop_id", "version", name=op.f("uq_status_map_tenant_id_shop_id_version")
        ),
    )
    op.create_table(
        "inbox",
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("state in ('waiting','done','parked')", name=op.f("ck_inbox_state")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "connection_id"],
            ["connection.tenant_id", "connection.id"],
            name=op.f("fk_inbox_tenant_id_connection_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_inbox")),
    )
    op.create_index(
        "ix_inbox_parked",
        "inbox",
        ["tenant_id", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'parked'"),
    )
    op.create_index(
        "ix_inbox_waiting",
        "inbox",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "member_email",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_member_email_tenant_id_member_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_member_email")),
        sa.UniqueConstraint(
            "tenant_id",
            "shop_id",
            "email",
            "member_id",
            name=op.f("uq_member_email_tenant_id_shop_id_email_member_id"),
        ),
    )
    op.create_index(
        "ix_member_email_member", "member_email", ["tenant_id", "member_id"], unique=False
    )
    op.create_table(
        "orders",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.Column("guest_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("folded", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("booking", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "state in ('registered','agreed','completed','cancelled','refunded')",
            name=op.f("ck_orders_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "guest_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_orders_tenant_id_guest_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_orders_tenant_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "shop_id"],
            ["shop.tenant_id", "shop.id"],
            name=op.f("fk_orders_tenant_id_shop_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_orders")),
        sa.UniqueConstraint(
            "tenant_id",
            "shop_id",
            "external_id",
            name=op.f("uq_orders_tenant_id_shop_id_external_id"),
        ),
    )
    op.create_index("ix_orders_created", "orders", ["tenant_id", "created_at", "id"], unique=False)
    op.create_index("ix_orders_guest", "orders", ["tenant_id", "guest_id"], unique=False)
    op.create_index("ix_orders_member", "orders", ["tenant_id", "member_id"], unique=False)
    op.create_table(
        "partner",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("refcode", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("site", sa.Text(), nullable=True),
        sa.Column("comment", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.Column("sponsor_id", sa.BigInteger(), nullable=True),
        sa.Column("terms_id", sa.BigInteger(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=True),
        sa.Column("details_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("details_usable_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "answers",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("accepted_terms_version", sa.BigInteger(), nullable=True),
        sa.Column("accepted_terms_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "muted",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "status in ('pending','active','blocked','removed','rejected')",
            name=op.f("ck_partner_status"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "group_id"],
            ["partner_group.tenant_id", "partner_group.id"],
            name=op.f("fk_partner_tenant_id_group_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_partner_tenant_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "sponsor_id"],
            ["partner.tenant_id", "partner.id"],
            name=op.f("fk_partner_tenant_id_sponsor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "terms_id"],
            ["terms.tenant_id", "terms.id"],
            name=op.f("fk_partner_tenant_id_terms_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_partner")),
        sa.UniqueConstraint("tenant_id", "public_id", name=op.f("uq_partner_tenant_id_public_id")),
        sa.UniqueConstraint("tenant_id", "refcode", name=op.f("uq_partner_tenant_id_refcode")),
    )
    op.create_index(
        "ix_partner_created", "partner", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_partner_sponsor", "partner", ["tenant_id", "sponsor_id"], unique=False)
    op.create_index(
        "uq_partner_email",
        "partner",
        ["tenant_id", "email"],
        unique=True,
        postgresql_where=sa.text("email is not null and status <> 'removed'"),
    )
    op.create_table(
        "product",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("category_id", sa.BigInteger(), nullable=True),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("takes_part", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("shown", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "landing_pages",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "category_id"],
            ["category.tenant_id", "category.id"],
            name=op.f("fk_product_tenant_id_category_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "shop_id"],
            ["shop.tenant_id", "shop.id"],
            name=op.f("fk_product_tenant_id_shop_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_product")),
        sa.UniqueConstraint(
            "tenant_id",
            "shop_id",
            "external_id",
            name=op.f("uq_product_tenant_id_shop_id_external_id"),
        ),
    )
    op.create_index("ix_product_name", "product", ["tenant_id", "name", "id"], unique=False)
    op.create_table(
        "binding",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("how <> ''", name=op.f("ck_binding_how")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["member.tenant_id", "member.id"],
            name=op.f("fk_binding_tenant_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["orders.tenant_id", "orders.id"],
            name=op.f("fk_binding_tenant_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "partner_id"],
            ["partner.tenant_id", "partner.id"],
            name=op.f("fk_binding_tenant_id_partner_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_binding")),
    )
    op.create_index("ix_binding_partner", "binding", ["tenant_id", "partner_id"], unique=False)
    op.create_index(
        "uq_binding_derived",
        "binding",
        ["tenant_id", "member_id"],
        unique=True,
        postgresql_where=sa.text("order_id is not null"),
    )
    op.create_index(
        "uq_binding_explicit",
        "binding",
        ["tenant_id", "member_id"],
        unique=True,
        postgresql_where=sa.text("order_id is null"),
    )
    op.create_table(
        "claim",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=True),
        sa.Column("touch_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("won", sa.Boolean(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["orders.tenant_id", "orders.id"],
            name=op.f("fk_claim_tenant_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "partner_id"],
            ["partner.tenant_id", "partner.id"],
            name=op.f("fk_claim_tenant_id_partner_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_claim")),
        sa.UniqueConstraint(
            "tenant_id",
            "order_id",
            "kind",
            "evidence",
            name=op.f("uq_claim_tenant_id_order_id_kind_evidence"),
        ),
    )
    op.create_index("ix_claim_partner", "claim", ["tenant_id", "partner_id", "id"], unique=False)
    op.create_table(
        "code",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("display", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("kind in ('refcode','promo','link')", name=op.f("ck_code_kind")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "partner_id"],
            ["partner.tenant_id", "partner.id"],
            name=op.f("fk_code_tenant_id_partner_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_code")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_code_tenant_id_key")),
    )
    op.create_index("ix_code_partner", "code", ["tenant_id", "partner_id"], unique=False)
    op.create_table(
        "deal",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=True),
        sa.Column("promo_code", sa.Text(), nullable=True),
        sa.Column("terms_id", sa.BigInteger(), nullable=True),
        sa.Column("terms_label", sa.Text(), nullable=True),
        sa.Column("commission", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("available_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("matures_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["orders.tenant_id", "orders.id"],
            name=op.f("fk_deal_tenant_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "partner_id"],
            ["partner.tenant_id", "partner.id"],
            name=op.f("fk_deal_tenant_id_partner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "terms_id"],
            ["terms.tenant_id", "terms.id"],
            name=op.f("fk_deal_tenant_id_terms_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_deal")),
        sa.UniqueConstraint("tenant_id", "order_id", name=op.f("uq_deal_tenant_id_order_id")),
        sa.UniqueConstraint("tenant_id", "public_id", name=op.f("uq_deal_tenant_id_public_id")),
    )
    op.create_index(
        "ix_deal_agreed",
        "deal",
        ["tenant_id", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'agreed'"),
    )
    op.create_index("ix_deal_created", "deal", ["tenant_id", "created_at", "id"], unique=False)
    op.create_index(
        "ix_deal_matures",
        "deal",
        ["matures_at"],
        unique=False,
        postgresql_where=sa.text("matures_at is not null"),
    )
    op.create_index(
        "ix_deal_partner", "deal", ["tenant_id", "partner_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "order_message",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("map_version", sa.BigInteger(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["orders.tenant_id", "orders.id"],
            name=op.f("fk_order_message_tenant_id_order_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_order_message")),
        sa.UniqueConstraint(
            "tenant_id",
            "order_id",
            "body_hash",
            "seq",
            name=op.f("uq_order_message_tenant_id_order_id_body_hash_seq"),
        ),
    )
    op.create_index(
        "ix_order_message_unmapped",
        "order_message",
        ["tenant_id", "order_id"],
        unique=False,
        postgresql_where=sa.text("state is null"),
    )
    op.create_table(
        "payout",
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("method_id", sa.BigInteger(), nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "state in ('requested','approved','sending','unknown','paid','rejected','cancelled','failed')",
            name=op.f("ck_payout_state"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payout_amount")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "method_id"],
            ["payout_method.tenant_id", "payout_method.id"],
            name=op.f("fk_payout_tenant_id_method_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "partner_id"],
            ["partner.tenant_id", "partner.id"],
            name=op.f("fk_payout_tenant_id_partner_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_payout")),
        sa.UniqueConstraint("tenant_id", "public_id", name=op.f("uq_payout_tenant_id_public_id")),
    )
    op.create_index(
        "ix_payout_partner",
        "payout",
        ["tenant_id", "partner_id", "requested_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_payout_requested", "payout", ["tenant_id", "requested_at", "id"], unique=False
    )
    op.create_index(
        "uq_payout_open",
        "payout",
        ["tenant_id", "partner_id"],
        unique=True,
        postgresql_where=sa.text("state in ('requested','approved','sending','unknown')"),
    )
    op.create_table(
        "share",
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("why", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("position", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "bucket in ('expected','pending','available','taken_back')",
            name=op.f("ck_share_bucket"),
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_share_amount")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["orders.tenant_id", "orders.id"],
            name=op.f("fk_share_tenant_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "partner_id"],
            ["partner.tenant_id", "partner.id"],
            name=op.f("fk_share_tenant_id_partner_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "order_id", "line", "level", "partner_id", name=op.f("pk_share")
        ),
    )
    op.create_index(
        "ix_share_partner",
        "share",
        ["tenant_id", "partner_id", "created_at", "order_id"],
        unique=False,
    )
    op.create_table(
        "sponsor_edge",
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("sponsor_id", sa.BigInteger(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("partner_id <> sponsor_id", name=op.f("ck_sponsor_edge_not_self")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "partner_id"],
            ["partner.tenant_id", "partner.id"],
            name=op.f("fk_sponsor_edge_tenant_id_partner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "sponsor_id"],
            ["partner.tenant_id", "partner.id"],
            name=op.f("fk_sponsor_edge_tenant_id_sponsor_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_sponsor_edge")),
        sa.UniqueConstraint(
            "tenant_id",
            "partner_id",
            "valid_from",
            name=op.f("uq_sponsor_edge_tenant_id_partner_id_valid_from"),
        ),
    )
    op.create_index(
        "ix_sponsor_edge_sponsor", "sponsor_edge", ["tenant_id", "sponsor_id"], unique=False
    )
    op.create_table(
        "link",
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("code_id", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("short", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("category_id", sa.BigInteger(), nullable=True),
        sa.Column("label", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column(
            "params",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("is_default", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "tenant_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('app.tenant', true), '')::bigint"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "category_id"],
            ["category.tenant_id", "category.id"],
            name=op.f("fk_link_tenant_id_category_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "code_id"],
            ["code.tenant_id", "code.id"],
            name=op.f("fk_link_tenant_id_code_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "partner_id"],
            ["partner.tenant_id", "partner.id"],
            name=op.f("fk_link_tenant_id_partner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["product.tenant_id", "product.id"],
            name=op.f("fk_link_tenant_id_product_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "shop_id"],
            ["shop.tenant_id", "shop.id"],
            name=op.f("fk_link_tenant_id_shop_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_link")),
        sa.UniqueConstraint("tenant_id", "code_id", name=op.f("uq_link_tenant_id_code_id")),
        sa.UniqueConstraint("tenant_id", "short", name=op.f("uq_link_tenant_id_short")),
    )
    op.create_index("ix_link_partner", "link", ["tenant_id", "partner_id", "id"], unique=False)
    op.create_index(
        "uq_link_default",
        "link",
        ["tenant_id", "partner_id"],
        unique=True,
        postgresql_where=sa.text("is_default"),
    )


def downgrade() -> None:
    op.drop_index("uq_link_default", table_name="link", postgresql_where=sa.text("is_default"))
    op.drop_index("ix_link_partner", table_name="link")
    op.drop_table("link")
    op.drop_index("ix_sponsor_edge_sponsor", table_name="sponsor_edge")
    op.drop_table("sponsor_edge")
    op.drop_index("ix_share_partner", table_name="share")
    op.drop_table("share")
    op.drop_index(
        "uq_payout_open",
        table_name="payout",
        postgresql_where=sa.text("state in ('requested','approved','sending','unknown')"),
    )
    op.drop_index("ix_payout_requested", table_name="payout")
    op.drop_index("ix_payout_partner", table_name="payout")
    op.drop_table("payout")
    op.drop_index(
        "ix_order_message_unmapped",
        table_name="order_message",
        postgresql_where=sa.text("state is null"),
    )
    op.drop_table("order_message")
    op.drop_index("ix_deal_partner", table_name="deal")
    op.drop_index(
        "ix_deal_matures", table_name="deal", postgresql_where=sa.text("matures_at is not null")
    )
    op.drop_index("ix_deal_created", table_name="deal")
    op.drop_index("ix_deal_agreed", table_name="deal", postgresql_where=sa.text("state = 'agreed'"))
    op.drop_table("deal")
    op.drop_index("ix_code_partner", table_name="code")
    op.drop_table("code")
    op.drop_index("ix_claim_partner", table_name="claim")
    op.drop_table("claim")
    op.drop_index(
        "uq_binding_explicit", table_name="binding", postgresql_where=sa.text("order_id is null")
    )
    op.drop_index(
        "uq_binding_derived", table_name="binding", postgresql_where=sa.text("order_id is not null")
    )
    op.drop_index("ix_binding_partner", table_name="binding")
    op.drop_table("binding")
    op.drop_index("ix_product_name", table_name="product")
    op.drop_table("product")
    op.drop_index(
        "uq_partner_email",
        table_name="partner",
        postgresql_where=sa.text("email is not null and status <> 'removed'"),
    )
    op.drop_index("ix_partner_sponsor", table_name="partner")
    op.drop_index("ix_partner_created", table_name="partner")
    op.drop_table("partner")
    op.drop_index("ix_orders_member", table_name="orders")
    op.drop_index("ix_orders_guest", table_name="orders")
    op.drop_index("ix_orders_created", table_name="orders")
    op.drop_table("orders")
    op.drop_index("ix_member_email_member", table_name="member_email")
    op.drop_table("member_email")
    op.drop_index(
        "ix_inbox_waiting", table_name="inbox", postgresql_where=sa.text("state = 'waiting'")
    )
    op.drop_index(
        "ix_inbox_parked", table_name="inbox", postgresql_where=sa.text("state = 'parked'")
    )
    op.drop_table("inbox")
    op.drop_table("status_map")
    op.drop_index(op.f("ix_session_person_id"), table_name="session")
    op.drop_table("session")
    op.drop_index(
        "ix_message_due",
        table_name="message",
        postgresql_where=sa.text("state in ('due','sending')"),
    )
    op.drop_index("ix_message_created", table_name="message")
    op.drop_table("message")
    op.drop_index(
        "uq_membership_staff",
        table_name="membership",
        postgresql_where=sa.text("partner_id is null"),
    )
    op.drop_index(
        "uq_membership_partner",
        table_name="membership",
        postgresql_where=sa.text("partner_id is not null"),
    )
    op.drop_index("ix_membership_tenant", table_name="membership")
    op.drop_table("membership")
    op.drop_index("ix_member_email", table_name="member")
    op.drop_table("member")
    op.drop_table("connection")
    op.drop_table("category")
    op.drop_table("api_key")
    op.drop_index("ix_transfer_target", table_name="transfer")
    op.drop_index("ix_transfer_source", table_name="transfer")
    op.drop_index("ix_transfer_partner", table_name="transfer")
    op.drop_index("ix_transfer_order", table_name="transfer")
    op.drop_table("transfer")
    op.drop_index("uq_terms_base", table_name="terms", postgresql_where=sa.text("is_base"))
    op.drop_table("terms")
    op.drop_table("tenant")
    op.drop_table("snapshot")
    op.drop_table("shop")
    op.drop_table("person")
    op.drop_table("payout_method")
    op.drop_table("partner_group")
    op.drop_table("idempotency_key")
    op.drop_table("feed")
    op.drop_table("fact")
    op.drop_index("uq_event_public_id", table_name="event")
    op.drop_index("uq_event_position", table_name="event")
    op.drop_index(
        "ix_event_waiting", table_name="event", postgresql_where=sa.text("drained_at is null")
    )
    op.drop_index("ix_event_subject", table_name="event")
    op.drop_table("event")
    op.drop_index("ix_directory_tenant", table_name="directory")
    op.drop_table("directory")
    op.drop_index("ix_click_partner", table_name="click")
    op.drop_index("ix_click_link", table_name="click")
    op.drop_table("click")
    op.drop_table("balance")
